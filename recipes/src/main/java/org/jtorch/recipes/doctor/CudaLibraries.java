package org.jtorch.recipes.doctor;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Looks for the shared libraries that the CUDA build of libtorch needs beside the driver.
///
/// @param places folders to look in, in order, by the name a report may show
/// @param cache what the system's loader knows (`ldconfig -p`); may be empty
record CudaLibraries(SequencedMap<String, List<Path>> places, String cache) {
  /// By soname, with the package that brings it.
  static final Map<String, String> NEEDED = needed();

  private static Map<String, String> needed() {
    var map = new LinkedHashMap<String, String>();
    map.put("libcudart.so.13", "the CUDA 13 toolkit");
    map.put("libcublas.so.13", "the CUDA 13 toolkit");
    map.put("libcublasLt.so.13", "the CUDA 13 toolkit");
    map.put("libcudnn.so.9", "cuDNN 9 for CUDA 13");
    map.put("libnccl.so.2", "NCCL 2 for CUDA 13");
    return map;
  }

  static CudaLibraries here() {
    var places = new LinkedHashMap<String, List<Path>>();
    places.put("java.library.path", split(System.getProperty("java.library.path")));
    places.put("LD_LIBRARY_PATH", split(System.getenv("LD_LIBRARY_PATH")));
    for (String folder : List.of("/usr/local/cuda/lib64", "/usr/local/cuda-13.0/lib64")) {
      places.put(folder, List.of(Path.of(folder)));
    }
    return new CudaLibraries(places, ldconfig());
  }

  private static List<Path> split(@Nullable String path) {
    return path == null ? List.of()
        : Arrays.stream(path.split(File.pathSeparator)).filter(p -> !p.isBlank()).map(Path::of).toList();
  }

  /// Where a library was found, or null.
  @Nullable String find(String soname) {
    for (var place : places.entrySet()) {
      if (place.getValue().stream().anyMatch(folder -> Files.exists(folder.resolve(soname)))) {
        return place.getKey();
      }
    }
    if (CudaLibraries.class.getResource("/org/bytedeco/cuda/linux-x86_64/" + soname) != null) {
      return "class path";
    }
    boolean cached = cache.lines().anyMatch(line -> line.strip().startsWith(soname + " "));
    return cached ? "ldconfig" : null;
  }

  private static String ldconfig() {
    return Stream.of("/sbin/ldconfig", "/usr/sbin/ldconfig").filter(f -> Files.isExecutable(Path.of(f))).findFirst()
        .map(CudaLibraries::output).orElse("");
  }

  private static String output(String program) {
    try {
      var process = new ProcessBuilder(program, "-p").redirectError(ProcessBuilder.Redirect.DISCARD).start();
      try (var out = Objects.requireNonNull(process.getInputStream())) {
        String text = new String(out.readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor(5, TimeUnit.SECONDS) ? text : "";
      } finally {
        process.destroy();
      }
    } catch (IOException _) {
      return "";
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
