package org.jtorch.tensor;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/// Memory of this machine, or of the container that the process is in.
public final class HostMemory {
  private static final Path INFO = Path.of("/proc/meminfo");

  private HostMemory() {}

  /// Bytes that can be had without anything being swapped out, about; what only caches files counts.
  public static long available() {
    long free = ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean os ? os.getFreeMemorySize() : 0;
    long total = ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean os ? os.getTotalMemorySize() : 0;
    return Math.max(free, Math.min(total, kernelsEstimate()));
  }

  private static long kernelsEstimate() {
    try (var lines = Files.lines(INFO)) {
      return lines.filter(l -> l.startsWith("MemAvailable:")).mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) << 10).findFirst()
          .orElse(0);
    } catch (IOException _) {
      return 0;
    }
  }
}
