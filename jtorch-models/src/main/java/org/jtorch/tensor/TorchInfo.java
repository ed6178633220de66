package org.jtorch.tensor;

import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.global.torch;

/// What was loaded and how it was set up, for reports.
public final class TorchInfo {
  private TorchInfo() {}

  /// Threads that libtorch's operations use.
  public static int threads() {
    Native.load();
    return torch.get_num_threads();
  }

  /// libtorch's version and build, JavaCPP's limits, the allocator, the BLAS and why, threads, the C ABI, CUDA devices.
  public static Map<String, String> report() {
    Native.load();
    var map = new LinkedHashMap<String, String>();
    String config = text(torch.show_config());
    map.put("libtorch", find(config, "TORCH_VERSION=([^,\\s]+)"));
    map.put("JavaCPP", javaCpp());
    map.put("platform", Loader.getPlatform());
    map.put("build", Context.hasCUDA() ? "CUDA" : "CPU");
    map.put("CPU kernels", text(torch.get_cpu_capability()));
    map.put("oneDNN", torch.hasMKLDNN() ? find(config, "MKL-DNN (v[0-9.]+)") : "absent");
    map.put("OpenMP", torch.hasOpenMP() ? find(config, "OpenMP \\d+ \\(a\\.k\\.a\\. OpenMP ([0-9.]+)\\)") : "absent");
    map.putAll(Native.report());
    map.put("CUDA devices", Integer.toString(Native.cudaDevices()));
    return Collections.unmodifiableMap(map);
  }

  private static String javaCpp() {
    try {
      return Loader.getVersion();
    } catch (IOException _) {
      return "unknown";
    }
  }

  private static String text(BytePointer pointer) {
    try (pointer) {
      return pointer.getString();
    }
  }

  private static String find(String text, String pattern) {
    var found = Pattern.compile(pattern).matcher(text);
    return found.find() ? found.group(1) : "unknown";
  }
}
