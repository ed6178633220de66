package org.jtorch.tensor.ranks;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.global.torch_nccl;
import org.bytedeco.pytorch.gloo.Device;
import org.bytedeco.pytorch.nccl.ProcessGroupNCCL;

/// c10d's process groups as JTorch makes them.
final class Backends {
  private Backends() {}

  /// TCP between the processes, sums on the CPU.
  static Backend gloo(RankEnvironment mine, Store store) {
    try (var time = new Milliseconds(Ranks.PATIENCE_MINUTES * 60_000); var options = new ProcessGroupGloo.Options(time);
        var device = device(mine); var devices = new GlooDeviceVector(device)) {
      var _ = options.devices(devices);
      var _ = options.threads(1);                                  // one collective at a time
      return new ProcessGroupGloo(store, mine.rank(), mine.size(), options);
    }
  }

  /// The network interface: that of this machine where all are on it, the one `GLOO_SOCKET_IFNAME` names, or that of the
  /// machine's own name.
  private static Device device(RankEnvironment mine) {
    String named = System.getenv("GLOO_SOCKET_IFNAME");
    if (named != null && !named.isBlank()) {
      return ProcessGroupGloo.createDeviceForInterface(named.split(",")[0].strip());
    }
    return mine.isLocal() ? ProcessGroupGloo.createDeviceForHostname("127.0.0.1") : ProcessGroupGloo.createDefaultDevice();
  }

  /// Between CUDA devices; needs the CUDA build of libtorch (profile `gpu`).
  static Backend nccl(RankEnvironment mine, Store store) {
    Loader.load(torch_nccl.class);
    try (var options = ProcessGroupNCCL.Options.create(); var time = new Milliseconds(Ranks.PATIENCE_MINUTES * 60_000)) {
      var _ = options.timeout(time);
      return new ProcessGroupNCCL(store, mine.rank(), mine.size(), options);
    }
  }
}
