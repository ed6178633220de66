package org.jtorch.adapter;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.GroupedQueryAttention;
import org.jtorch.attention.KeyValuePrefix;
import org.jtorch.attention.Rope;
import org.jtorch.io.DataException;
import org.jtorch.nn.Init;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Prefix tuning (arXiv:2101.00190, section 4): trained keys and values before those of every text, in every layer.
///
/// Every query sees them, whatever window or padding it has. Keys are stored as they are after the rotation and stand before a
/// text that begins at position n, as in PEFT. They may come from a network that the layers share up to its last matrix
/// (`n × w → hidden`, tanh); [#save] writes what it makes. The model is frozen; closing takes the prefix off.
public final class PrefixTuning extends Module {
  private final Module model;
  private final int count;
  private final List<LayerPrefix> layers = new ArrayList<>();
  private final @Nullable Network network;

  /// What the layers' networks share.
  private static final class Network extends Module {
    private final Parameter table;
    private final Linear first;

    Network(int count, int width, int hidden) {
      table = parameter("embedding.weight", new Init.Normal(1), count, width);
      first = child("transform.0", new Linear(width, hidden, true, new Init.Uniform()));
    }

    /// `[n, hidden]`; computed for every layer, so that each goes back on its own
    Tensor apply() {
      return first.apply(table.tensor()).tanh();
    }
  }

  private final class LayerPrefix extends Module implements KeyValuePrefix {
    private final GroupedQueryAttention attention;
    private final @Nullable Parameter own;
    private final @Nullable Linear last;

    LayerPrefix(GroupedQueryAttention attention, int hidden) {
      this.attention = attention;
      int both = 2 * width(attention.config());
      own = hidden == 0 ? parameter("weight", new Init.Normal(1), count, both) : null;
      last = hidden == 0 ? null : child("", new Linear(hidden, both, true, new Init.Uniform()));
    }

    /// Keys and values side by side. `[n, 2 G D]`
    Tensor rows() {
      return own != null || network == null || last == null ? java.util.Objects.requireNonNull(own).tensor()
          : last.apply(network.apply());
    }

    @Override public Pair pair() {
      Gqa config = attention.config();
      Tensor pair = rows().view(count, 2, config.kvHeads(), config.headDim());
      Tensor keys = behind(pair.select(1, 0), config);
      return new Pair(keys.transpose(0, 1), pair.select(1, 1).transpose(0, 1));
    }

    /// The text begins at position n for the keys, and at 0 for the queries: turns the keys back by n. `[n, G, D]`
    private Tensor behind(Tensor keys, Gqa config) {
      Rope rope = config.rope();
      if (rope == null) {
        return keys;
      }
      var tables = rope.tables(Ops.full(-count, DType.I64, keys.device(), 1, 1), config.headDim(), count);
      return Rope.rotate(keys.unsqueeze(0), tables).squeeze(0).div(rope.scaling().attentionFactor());
    }
  }

  private PrefixTuning(Module model, int count, int hidden) {
    if (count < 1) {
      throw new IllegalArgumentException("`num_virtual_tokens` must be >= 1 but was " + count + "; 20 is usual");
    }
    this.model = model;
    this.count = count;
    var attentions = new ArrayList<GroupedQueryAttention>();
    model.forEachModule((_, m) -> {
      if (m instanceof GroupedQueryAttention a) {
        if (a.prefix() != null) {
          throw new IllegalStateException("this model has a prefix already: close it first");
        }
        attentions.add(a);
      }
    });
    if (attentions.isEmpty()) {
      throw new IllegalArgumentException("this model has no attention to put a prefix before");
    }
    network = hidden == 0 ? null : child("", new Network(count, width(attentions.getFirst().config()), hidden));
    for (var a : attentions) {
      layers.add(child("layers." + layers.size(), new LayerPrefix(a, hidden)));
    }
  }

  private static int width(Gqa config) {
    return config.kvHeads() * config.headDim();
  }

  /// A fresh prefix of this many positions; freezes the model.
  ///
  /// @param hidden the width of the network that makes it, or 0 to train keys and values as they are
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static PrefixTuning apply(Module model, int count, int hidden, Rng rng) {
    var prefix = new PrefixTuning(model, count, hidden);
    prefix.initialize(Lora.device(model), Lora.adapterType(model), rng);
    return prefix.start();
  }

  /// Loads PEFT's folder of the type PREFIX_TUNING: keys and values without a network.
  ///
  /// @throws DataException if it belongs to a model of another shape, or is of another type
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")
  public static PrefixTuning load(Module model, Path folder) {
    try (var file = PromptFiles.open(folder, "PREFIX_TUNING"); var _ = TensorScope.open()) {
      var prefix = new PrefixTuning(model, file.count(), 0);
      var widths = prefix.layers.stream().mapToLong(l -> 2L * width(l.attention.config())).toArray();
      Tensor all = file.embeddings(java.util.Arrays.stream(widths).sum());
      DType type = Lora.adapterType(model);
      long[] at = {0};
      prefix.allocate((_, shape) -> {
        Tensor part = all.narrow(1, at[0], shape[1]);
        at[0] += shape[1];
        return part.to(Lora.device(model), type).copy();
      });
      return prefix.start();
    }
  }

  private PrefixTuning start() {
    model.requiresGrad(false);
    requiresGrad(true);
    layers.forEach(l -> l.attention.prefix(l));
    return this;
  }

  /// Writes keys and values as PEFT's PREFIX_TUNING does.
  public void save(Path folder, @Nullable String base) {
    try (var _ = TensorScope.open()) {
      Gqa first = layers.getFirst().attention.config();
      Tensor all = Ops.cat(1, layers.stream().map(LayerPrefix::rows).toArray(Tensor[]::new));
      PromptFiles.save(folder, all, first.kvHeads(), width(first), layers.size(), base, PeftFiles.task(model));
    }
  }

  /// Positions before the text.
  public int count() {
    return count;
  }

  @Override public void close() {
    for (var l : layers) {
      if (l.attention.prefix() == l) {
        l.attention.prefix(null);
      }
    }
    super.close();
  }
}
