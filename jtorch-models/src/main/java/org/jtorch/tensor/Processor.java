package org.jtorch.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// The processor's maker, name and instruction sets, where the kernel tells.
///
/// @param vendor as x86 processors spell it, `GenuineIntel` or `AuthenticAMD` for example; empty elsewhere
/// @param flags as the kernel names them; empty where it tells none
public record Processor(String vendor, String model, Set<String> flags) {
  private static final List<String> X86 = List.of("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16");
  private static final List<String> ARM = List.of("asimd", "bf16", "i8mm", "sve");

  /// The one that this JVM runs on.
  public static Processor here() {
    return Here.PROCESSOR;
  }

  /// The first processor of a `/proc/cpuinfo`.
  public static Processor parse(String cpuinfo) {
    Map<String, String> first = new LinkedHashMap<>();
    cpuinfo.lines().map(line -> line.split(":", 2)).filter(pair -> pair.length == 2)
        .forEach(pair -> first.putIfAbsent(pair[0].strip(), pair[1].strip()));
    String flags = first.getOrDefault("flags", first.getOrDefault("Features", ""));
    return new Processor(first.getOrDefault("vendor_id", ""), first.getOrDefault("model name", first.getOrDefault("CPU part", "unknown")),
        Arrays.stream(flags.split("\\s+")).filter(f -> !f.isEmpty()).collect(Collectors.toUnmodifiableSet()));
  }

  /// Whether matrix products of bf16 numbers have instructions of their own: AVX-512 with bf16, AMX, or an Arm core with bf16.
  public boolean hasBf16() {
    return flags.contains("avx512_bf16") || flags.contains("amx_bf16") || flags.contains("bf16");
  }

  public boolean isKnown() {
    return !flags.isEmpty();
  }

  /// `avx2 yes, avx512f no, ...`
  public String instructionSets() {
    if (!isKnown()) {
      return "unknown";
    }
    var matter = flags.contains("asimd") ? ARM : X86;
    return matter.stream().map(f -> f + (flags.contains(f) ? " yes" : " no")).collect(Collectors.joining(", "));
  }

  private static final class Here {
    static final Processor PROCESSOR = read();

    private static Processor read() {
      try {
        return parse(Files.readString(Path.of("/proc/cpuinfo")));
      } catch (IOException _) {
        return new Processor("", "unknown (this system has no /proc/cpuinfo)", Set.of());
      }
    }
  }
}
