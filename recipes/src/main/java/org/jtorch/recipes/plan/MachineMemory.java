package org.jtorch.recipes.plan;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/// This machine's memory, or this container's share of it, in bytes.
///
/// @param free what processes can get without pushing anything else out
public record MachineMemory(long total, long free) {
  private static final String AVAILABLE = "MemAvailable:";

  /// As it is now; both 0 where it is unknown.
  public static MachineMemory now() {
    if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os) {
      return new MachineMemory(os.getTotalMemorySize(), Math.min(os.getTotalMemorySize(), available(os.getFreeMemorySize())));
    }
    return new MachineMemory(0, 0);
  }

  /// What the kernel counts as available holds the files' cache too, which is not free but can be had.
  private static long available(long otherwise) {
    try (var lines = Files.lines(Path.of("/proc/meminfo"))) {
      return lines.filter(l -> l.startsWith(AVAILABLE)).mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) * 1024).findFirst()
          .orElse(otherwise);
    } catch (IOException _) {
      return otherwise;
    }
  }
}
