package org.jtorch.observe;

import java.nio.file.Path;

/// One checkpoint written.
///
/// @param seconds wall time of the write
/// @param bytes size on disk
public record SaveEvent(long step, Path folder, double seconds, long bytes) {}
