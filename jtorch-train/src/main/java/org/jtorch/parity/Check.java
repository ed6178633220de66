package org.jtorch.parity;

/// One comparison of what JTorch computes with a stored value.
///
/// @param note why it failed, or what else is worth knowing; empty if nothing is
public record Check(String what, double maxAbs, double maxRel, boolean passed, String note) {}
