package org.jtorch.tensor;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.global.torch;

/// What was loaded and how it was set up, for reports.
public final class TorchInfo {
  private TorchInfo() {}

  /// libtorch's version and build, JavaCPP's limits, the allocator, threads, the C ABI, CUDA devices.
  public static Map<String, String> report() {
    Native.load();
    var map = new LinkedHashMap<String, String>();
    map.put("libtorch", version());
    map.putAll(Native.report());
    map.put("CUDA devices", Integer.toString(Native.cudaDevices()));
    return Collections.unmodifiableMap(map);
  }

  /// The build's version as libtorch tells it in its configuration text.
  private static String version() {
    try (var text = torch.show_config()) {
      var found = Pattern.compile("TORCH_VERSION=([^,\\s]+)").matcher(text.getString());
      return found.find() ? found.group(1) : "unknown";
    }
  }
}
