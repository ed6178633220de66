package org.jtorch.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import org.jtorch.ffm.CLibrary;
import org.jtorch.ffm.TorchAbi;

/// The bootstrap: sets JavaCPP's properties before its `Pointer` class loads, tunes the allocator, loads
/// libtorch, sets thread counts. A library user passes no `-D` flags, so all of it happens here, once.
final class Native {
  private static final Map<String, String> REPORT = new LinkedHashMap<>();
  private static final @Nullable TorchAbi ABI;
  private static final int CUDA_DEVICES;
  private static final ScalarType[] SCALAR_TYPES = new ScalarType[DType.values().length];
  private static final DType[] DTYPES = new DType[64];

  static {
    // The two limits cost two thirds of a small op (they poll the process's memory at every allocation).
    property("org.bytedeco.javacpp.maxBytes", "0");
    property("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    chooseBuild();
    REPORT.put("allocator", System.getProperty("jtorch.malloc", "tuned").equals("default")
        ? "left alone (jtorch.malloc=default)" : CLibrary.keepFreedMemory());
    waiting();
    Path folder = parent(Loader.load(torch.class));
    ABI = abi(folder);
    REPORT.put("C ABI", ABI == null ? "not found: plain twins are used" : "torch_call_dispatcher, found");
    int threads = threads();
    torch.set_num_threads(threads);
    REPORT.put("threads", threads + " for libtorch, " + (openBlas(folder, threads) ? threads : "unknown") + " for OpenBLAS");
    types();
    GradMode.set_enabled(true);
    CUDA_DEVICES = countCudaDevices();
  }

  private Native() {}

  /// Runs the static initialiser.
  static void load() {}

  private static void property(String key, String value) {
    if (System.getProperty(key) == null) {
      System.setProperty(key, value);
    }
    REPORT.put(key.substring("org.bytedeco.".length()), System.getProperty(key));
  }

  /// How idle worker threads wait. OpenBLAS has threads of its own beside libtorch's; on few cores each spins while
  /// the other works, which cost half of a float32 step (docs/benchmarks.md). Where products run in bf16 through
  /// oneDNN, OpenBLAS is idle and libtorch's threads may spin.
  private static void waiting() {
    String blas = CLibrary.environment("OPENBLAS_THREAD_TIMEOUT", "4");
    String omp = Cpu.hasBf16() ? "as libgomp chooses" : CLibrary.environment("OMP_WAIT_POLICY", "passive");
    REPORT.put("idle threads", "OpenBLAS timeout 2^" + blas + " cycles; OpenMP " + omp);
  }

  private static int threads() {
    String asked = System.getProperty("jtorch.threads", System.getenv().getOrDefault("OMP_NUM_THREADS", ""));
    try {
      return Math.max(1, Integer.parseInt(asked));
    } catch (NumberFormatException _) {
      return Runtime.getRuntime().availableProcessors();
    }
  }

  /// The CUDA build of libtorch where it is on the class path (profile `gpu`), else the CPU build.
  private static void chooseBuild() {
    String platform = Loader.getPlatform();
    boolean cuda = Native.class.getResource("/org/bytedeco/pytorch/" + platform + "-gpu/") != null;
    property("org.bytedeco.javacpp.platform.extension", cuda ? "-gpu" : "");
  }

  private static Path parent(String library) {
    Path folder = Path.of(library).toAbsolutePath().getParent();
    return folder == null ? Path.of("") : folder;
  }

  private static @Nullable TorchAbi abi(Path folder) {
    Path library = folder.resolve(System.mapLibraryName("torch_cpu"));
    return Files.exists(library) ? TorchAbi.load(SymbolLookup.libraryLookup(library, Arena.global())) : null;
  }

  /// JavaCPP puts a link to OpenBLAS beside libtorch, which links against it.
  private static boolean openBlas(Path folder, int threads) {
    for (String name : new String[] {"libopenblas.so.0", "libopenblas.0.dylib", "libopenblas.dll"}) {
      Path library = folder.resolve(name);
      if (Files.exists(library)) {
        return CLibrary.setOpenBlasThreads(SymbolLookup.libraryLookup(library, Arena.global()), threads);
      }
    }
    return false;
  }

  private static int countCudaDevices() {
    try {
      return Context.hasCUDA() && torch.cuda_is_available() ? torch.cuda_device_count() : 0;
    } catch (RuntimeException | LinkageError _) {
      return 0;
    }
  }

  private static void types() {
    pair(DType.F32, ScalarType.Float);
    pair(DType.F64, ScalarType.Double);
    pair(DType.F16, ScalarType.Half);
    pair(DType.BF16, ScalarType.BFloat16);
    pair(DType.I64, ScalarType.Long);
    pair(DType.I32, ScalarType.Int);
    pair(DType.I16, ScalarType.Short);
    pair(DType.I8, ScalarType.Char);
    pair(DType.U8, ScalarType.Byte);
    pair(DType.BOOL, ScalarType.Bool);
  }

  private static void pair(DType dtype, ScalarType type) {
    SCALAR_TYPES[dtype.ordinal()] = type;
    DTYPES[type.value] = dtype;
  }

  static ScalarType scalarType(DType dtype) {
    return SCALAR_TYPES[dtype.ordinal()];
  }

  static DType dtype(ScalarType type) {
    DType found = DTYPES[type.value];
    if (found == null) {
      throw new IllegalArgumentException("JTorch has no dtype for libtorch's " + type);
    }
    return found;
  }

  static int cudaDevices() {
    return CUDA_DEVICES;
  }

  static @Nullable TorchAbi abi() {
    return ABI;
  }

  static long objects() {
    return Pointer.totalCount();
  }

  static Map<String, String> report() {
    return REPORT;
  }
}
