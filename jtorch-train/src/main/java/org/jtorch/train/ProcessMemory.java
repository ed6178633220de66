package org.jtorch.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Resident memory of this process, from the kernel where it tells.
public final class ProcessMemory {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ProcessMemory() {}

  /// Bytes resident now, or 0 where the platform does not tell.
  public static long resident() {
    return read("VmRSS:");
  }

  /// Most bytes ever resident, or 0 where the platform does not tell.
  public static long peak() {
    return read("VmHWM:");
  }

  private static long read(String key) {
    try (var lines = Files.lines(STATUS)) {
      return lines.filter(l -> l.startsWith(key)).map(l -> l.replaceAll("\\D", "")).mapToLong(Long::parseLong).findFirst().orElse(0) * 1024;
    } catch (IOException _) {
      return 0;
    }
  }
}
