package org.jtorch.tensor;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.jtorch.ffm.CLibrary;

/// The library of libtorch's float32 and float64 products, and why it is that one.
///
/// libtorch is linked against OpenBLAS. MKL has all those functions under the same names; opened for all before libtorch is
/// loaded, it is what the dynamic linker finds first (docs/decisions/010-blas.md).
record Blas(boolean mkl, String why) {
  private static final String PLATFORM = "linux-x86_64";
  private static final String MKL = "/org/bytedeco/mkl/" + PLATFORM + "/";
  private static final String ENTRY = "libmkl_rt.so.2";
  /// What the entry opens by itself when the first product comes: one of the last three, by processor.
  private static final List<String> BEHIND = List.of("libmkl_core.so.2", "libmkl_intel_lp64.so.2", "libmkl_gnu_thread.so.2",
      "libmkl_def.so.2", "libmkl_avx2.so.2", "libmkl_avx512.so.2");

  /// Decides, and opens MKL if it is the one. Must run before libtorch is loaded.
  ///
  /// @param threads of libtorch's
  static Blas load(int threads) {
    var choice = choose(System.getProperty("jtorch.blas", "auto"), Loader.getPlatform(), Blas.class.getResource(MKL + ENTRY) != null,
        Processor.here());
    if (!choice.mkl) {
      return choice;
    }
    try {
      return open(threads) ? choice : new Blas(false, "MKL could not be opened");
    } catch (IOException e) {
      return new Blas(false, "MKL could not be unpacked: " + e.getMessage());
    }
  }

  /// @param asked `auto`, `mkl` or `openblas`
  /// @param artifact whether MKL's libraries are on the class path
  static Blas choose(String asked, String platform, boolean artifact, Processor cpu) {
    boolean possible = artifact && platform.equals(PLATFORM) && cpu.flags().contains("avx2");
    return switch (asked) {
      case "openblas" -> new Blas(false, "asked for with -Djtorch.blas=openblas");
      case "mkl" -> possible ? new Blas(true, "asked for with -Djtorch.blas=mkl")
          : new Blas(false, "MKL was asked for with -Djtorch.blas=mkl, but it needs " + PLATFORM + ", AVX2 and the artifact org.bytedeco:mkl");
      case "auto" -> automatic(possible, artifact, cpu);
      default -> throw new IllegalArgumentException("jtorch.blas is \"" + asked + "\"; use auto, mkl or openblas");
    };
  }

  private static Blas automatic(boolean possible, boolean artifact, Processor cpu) {
    if (!possible) {
      return new Blas(false, artifact ? "MKL needs " + PLATFORM + " and AVX2" : "the artifact org.bytedeco:mkl is not on the class path");
    }
    return cpu.vendor().equals("GenuineIntel") ? new Blas(true, "the faster one on Intel's processors; -Djtorch.blas=openblas chooses OpenBLAS")
        : new Blas(false, "MKL uses AVX-512 on Intel's processors only; -Djtorch.blas=mkl chooses it");
  }

  /// MKL works on libgomp's threads, as libtorch does, and gives the same bits wherever its operands lie in memory.
  private static boolean open(int threads) throws IOException {
    CLibrary.environment("MKL_THREADING_LAYER", "GNU");
    CLibrary.environment("MKL_CBWR", "AUTO");
    CLibrary.environment("OPENBLAS_NUM_THREADS", "1");                  // it is loaded still, and has nothing to do
    String build = System.getProperty("org.bytedeco.javacpp.platform.extension", "");
    var openMp = cache("/org/bytedeco/pytorch/" + PLATFORM + build + "/libgomp.so.1");
    for (String file : BEHIND) {
      var _ = cache(MKL + file);
    }
    var entry = cache(MKL + ENTRY);
    return CLibrary.openForAll(openMp) && CLibrary.openForAll(entry)
        && CLibrary.setThreads(SymbolLookup.libraryLookup(entry, Arena.global()), "MKL_Set_Num_Threads", threads);
  }

  private static Path cache(String resource) throws IOException {
    var file = Loader.cacheResource(Blas.class, resource);
    if (file == null) {
      throw new IOException(resource + " is not on the class path");
    }
    return file.toPath();
  }

  /// `MKL (faster than OpenBLAS; ...)`
  @Override public String toString() {
    return (mkl ? "MKL" : "OpenBLAS") + " (" + why + ")";
  }
}
