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
  /// Turns of libgomp's waiting loop, some microseconds: long enough from one operation to the next, short enough for others.
  private static final String SPIN_COUNT = "2000";
  /// Compiled kernels that oneDNN keeps, about 3 MB each: a run meets some hundred shapes of products, and its own limit of
  /// 1,024 is a memory leak in all but name where shapes change from step to step (experts).
  private static final String KERNELS = "256";
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
    REPORT.put("idle threads", waiting());
    REPORT.put("oneDNN kernels", "at most " + CLibrary.environment("ONEDNN_PRIMITIVE_CACHE_CAPACITY", KERNELS) + " kept");
    int threads = threads();
    Blas blas = Blas.load(threads);
    REPORT.put("BLAS", blas.toString());
    Path folder = parent(Loader.load(torch.class));
    ABI = abi(folder);
    REPORT.put("C ABI", ABI == null ? "not found: plain twins are used" : "torch_call_dispatcher, found");
    torch.set_num_threads(threads);
    boolean set = blas.mkl() || openBlas(folder, threads);
    REPORT.put("threads", threads + " for libtorch, " + (set ? threads : "unknown") + " for " + (blas.mkl() ? "MKL" : "OpenBLAS"));
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

  /// How idle worker threads wait: libgomp's and OpenBLAS's spin for a while and then sleep. By default they spin so long
  /// that whatever else wants a core, the other library's threads or another process, waits for them (docs/benchmarks.md).
  /// Both libraries read the environment when they are loaded.
  private static String waiting() {
    String blas = CLibrary.environment("OPENBLAS_THREAD_TIMEOUT", "4");
    String policy = System.getenv("OMP_WAIT_POLICY");
    if (policy != null && System.getenv("GOMP_SPINCOUNT") == null) {
      return "OpenMP's as OMP_WAIT_POLICY=" + policy + " says";
    }
    String spins = CLibrary.environment("GOMP_SPINCOUNT", SPIN_COUNT);
    return spins == null ? "as their libraries choose"
        : "OpenMP's spin " + spins + " turns (GOMP_SPINCOUNT), OpenBLAS's 2^" + blas + " cycles, then they sleep";
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
        return CLibrary.setThreads(SymbolLookup.libraryLookup(library, Arena.global()), "openblas_set_num_threads", threads);
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
