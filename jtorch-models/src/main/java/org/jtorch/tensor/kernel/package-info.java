/// Fused passes over memory, in Java: each reads and writes every number once, with float32 inside whatever the type
/// outside, where libtorch's operations would take several passes and round between them.
///
/// One file a pass: the way in, its plain twin from libtorch's operations, and the loops over vectors
/// (`jdk.incubator.vector`), which run where that module is there and the tensors are on the CPU
/// (docs/decisions/014-fused-passes.md).
@NullMarked
package org.jtorch.tensor.kernel;

import org.jspecify.annotations.NullMarked;
