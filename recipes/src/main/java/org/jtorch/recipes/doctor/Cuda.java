package org.jtorch.recipes.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// GPUs, the driver, the CUDA build of libtorch and its libraries.
///
/// @param gpus models of the GPUs that the driver lists
/// @param build whether the CUDA build of libtorch is on the class path
record Cuda(List<String> gpus, boolean driver, boolean build, CudaLibraries libraries) {
  static Cuda here() {
    return new Cuda(gpus(Path.of("/proc/driver/nvidia/gpus")), Files.exists(Path.of("/proc/driver/nvidia/version"))
        || Files.exists(Path.of("/dev/nvidiactl")), onClassPath(), CudaLibraries.here());
  }

  /// The `Model:` lines below the driver's folder.
  static List<String> gpus(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var files = Files.list(folder)) {
      return files.map(f -> f.resolve("information")).filter(Files::isReadable).sorted().map(Cuda::model).toList();
    } catch (IOException _) {
      return List.of();
    }
  }

  private static String model(Path information) {
    try (var lines = Files.lines(information)) {
      return lines.filter(l -> l.startsWith("Model:")).map(l -> l.substring("Model:".length()).strip()).findFirst()
          .orElse("unknown model");
    } catch (IOException _) {
      return "unknown model";
    }
  }

  private static boolean onClassPath() {
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    String platform = System.getProperty("os.name", "").startsWith("Windows") ? "windows" : "linux";
    String name = platform + "-" + (arch.equals("amd64") ? "x86_64" : arch.equals("aarch64") ? "arm64" : arch) + "-gpu";
    String file = platform.equals("windows") ? "jnitorch.dll" : "libjnitorch.so";
    return Cuda.class.getResource("/org/bytedeco/pytorch/" + name + "/" + file) != null;
  }

  boolean present() {
    return driver || !gpus.isEmpty();
  }

  Section section() {
    var section = Section.of("GPU").add("devices", gpus.isEmpty() ? "none found" : String.join(", ", gpus))
        .add("NVIDIA driver", driver ? "found" : "not found")
        .add("CUDA build of libtorch", build ? "on the class path" : "not on the class path");
    CudaLibraries.NEEDED.keySet().forEach(name -> {
      String where = libraries.find(name);
      section.add(name, where == null ? "not found" : "found (" + where + ")");
    });
    return section;
  }

  /// Missing libraries matter only to who has a GPU or the CUDA build.
  void advise(int seen, List<String> advice) {
    if (present() && !build) {
      advice.add("There is a GPU, but this is the CPU build of libtorch:"
          + " build JTorch with -Pgpu (needs CUDA 13, cuDNN 9 and NCCL).");
    }
    if (present() || build) {
      CudaLibraries.NEEDED.forEach((name, source) -> {
        if (libraries.find(name) == null) {
          advice.add(name + " is missing: install " + source + ", or add its folder to LD_LIBRARY_PATH.");
        }
      });
    }
    if (build && !driver) {
      advice.add("The CUDA build of libtorch is on the class path, but there is no NVIDIA driver:"
          + " install it, or use the CPU build.");
    }
    if (build && present() && seen == 0) {
      advice.add("libtorch sees no CUDA device: CUDA 13 needs driver 580 or newer (see nvidia-smi),"
          + " and CUDA_VISIBLE_DEVICES must not be empty.");
    }
  }
}
