package org.jtorch.recipes.doctor;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Processor;

/// Which kernels OpenBLAS is told to take, where someone tells it.
final class CoreType {
  static final String VARIABLE = "OPENBLAS_CORETYPE";
  private static final List<String> AVX512 = List.of("skylakex", "cooperlake", "sapphirerapids");

  private CoreType() {}

  /// A sentence where the variable keeps OpenBLAS from instructions that the processor has, else null.
  static @Nullable String advice(@Nullable String coreType, String blas, Processor cpu) {
    boolean narrow = coreType != null && !coreType.isEmpty() && !AVX512.contains(coreType.toLowerCase(Locale.ROOT));
    return narrow && blas.startsWith("OpenBLAS") && cpu.flags().contains("avx512f")
        ? VARIABLE + "=" + coreType + " keeps OpenBLAS from this CPU's AVX-512, which can halve float32: unset it." : null;
  }
}
