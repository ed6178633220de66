package org.jtorch.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What this processor can do, where the kernel tells.
final class Cpu {
  private static final Path INFO = Path.of("/proc/cpuinfo");

  private Cpu() {}

  /// True if bf16 products run in hardware: AVX-512 with bf16, AMX, or an Arm core with bf16.
  static boolean hasBf16() {
    try (var lines = Files.lines(INFO)) {
      return lines.filter(l -> l.startsWith("flags") || l.startsWith("Features")).findFirst()
          .map(l -> l.contains("avx512_bf16") || l.contains("amx_bf16") || l.contains(" bf16")).orElse(false);
    } catch (IOException _) {
      return false;
    }
  }
}
