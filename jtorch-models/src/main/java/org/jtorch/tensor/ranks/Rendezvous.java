package org.jtorch.tensor.ranks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.global.torch_gloo;
import org.jtorch.tensor.TorchInfo;

/// The store in which the processes leave their addresses, kept by rank 0 unless torchrun's agent keeps one.
final class Rendezvous implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final RankEnvironment mine;
  private final Store root;
  private final List<Store> parts = new ArrayList<>();

  private Rendezvous(RankEnvironment mine, Store root) {
    this.mine = mine;
    this.root = root;
  }

  static Rendezvous at(RankEnvironment mine) {
    var _ = TorchInfo.report();                                    // loads libtorch as JTorch wants it
    Loader.load(torch_gloo.class);
    try (var options = new TCPStoreOptions(); var time = new Milliseconds(PATIENCE.toMillis())) {
      var _ = options.port((short) mine.port());                   // unsigned in C++
      var _ = options.isServer(mine.rank() == 0 && !mine.hosted());
      var _ = options.waitWorkers(false);
      var _ = options.timeout(time);
      return new Rendezvous(mine, new TCPStore(mine.address(), options));
    } catch (RuntimeException e) {
      throw RanksException.apart(mine, e);
    }
  }

  /// A part of the store for one purpose.
  Store store(String purpose) {
    var part = new PrefixStore("jtorch/" + mine.attempt() + "/" + purpose, root);
    parts.add(part);
    return part;
  }

  @Override public void close() {
    parts.forEach(Store::close);
    root.close();
  }
}
