package org.jtorch.adapter;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Embedding;
import org.jtorch.nn.Init;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// P-Tuning (arXiv:2103.10385) and prompt tuning: a few virtual tokens with trained embeddings before every text.
///
/// Their ids follow the vocabulary: put [#ids] before a prompt, or [#prepend] them to rows of tokens, and every length, position,
/// mask and cache is that of a longer text. Labels before the text are [#IGNORE].
///
/// In P-Tuning the embeddings come from a small network, `in → hidden → hidden → out` with ReLU, which only training needs:
/// [#save] writes what it makes, and [#load] has the embeddings alone. The model is frozen; closing takes the tokens off.
public final class VirtualTokens extends Module implements Embedding.Extra {
  /// The label of a position without a loss.
  public static final long IGNORE = -100;

  private final Module model;
  private final Embedding target;
  private final int count;
  private final int dim;
  private final Parameter table;
  private final @Nullable Network network;

  /// The network that makes the embeddings.
  private static final class Network extends Module {
    private final Linear first;
    private final Linear second;
    private final Linear third;

    Network(int dim, int hidden) {
      first = child("mlp_head.0", new Linear(dim, hidden, true, new Init.Uniform()));
      second = child("mlp_head.2", new Linear(hidden, hidden, true, new Init.Uniform()));
      third = child("mlp_head.4", new Linear(hidden, dim, true, new Init.Uniform()));
    }

    Tensor apply(Tensor x) {
      return third.apply(Ops.relu(second.apply(Ops.relu(first.apply(x)))));
    }
  }

  private VirtualTokens(Module model, int count, int hidden, double std) {
    if (count < 1) {
      throw new IllegalArgumentException("`num_virtual_tokens` must be >= 1 but was " + count + "; 20 is usual");
    }
    this.model = model;
    this.target = tokenEmbedding(model);
    if (target.extra() != null) {
      throw new IllegalStateException("this model has virtual tokens already: close them first");
    }
    this.count = count;
    this.dim = (int) target.weight().shape()[1];
    this.table = parameter("embedding.weight", new Init.Normal(std), count, dim);
    this.network = hidden > 0 ? child("", new Network(dim, hidden)) : null;
  }

  /// P-Tuning: embeddings from a network of this width. Freezes the model.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static VirtualTokens pTuning(Module model, int count, int hidden, Rng rng) {
    if (hidden < 1) {
      throw new IllegalArgumentException("`encoder_hidden_size` must be >= 1 but was " + hidden + "; the model's width is usual");
    }
    var tokens = new VirtualTokens(model, count, hidden, 1);
    tokens.initialize(Lora.device(model), Lora.adapterType(model), rng);
    return tokens.start();
  }

  /// Prompt tuning (Lester et al. 2021, arXiv:2104.08691): embeddings trained as they are. Freezes the model.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")
  public static VirtualTokens promptTuning(Module model, int count, Rng rng) {
    var tokens = new VirtualTokens(model, count, 0, 0.02);
    tokens.initialize(Lora.device(model), Lora.adapterType(model), rng);
    return tokens.start();
  }

  /// Loads PEFT's folder of the types P_TUNING or PROMPT_TUNING: embeddings without a network.
  ///
  /// @throws org.jtorch.io.DataException if it belongs to a model of another width, or is of another type
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")
  public static VirtualTokens load(Module model, Path folder) {
    try (var file = PromptFiles.open(folder, "P_TUNING", "PROMPT_TUNING"); var _ = TensorScope.open()) {
      var tokens = new VirtualTokens(model, file.count(), 0, 1);
      Tensor stored = file.embeddings(tokens.dim);
      DType type = Lora.adapterType(model);
      tokens.allocate((_, _) -> stored.to(Lora.device(model), type).copy());
      return tokens.start();
    }
  }

  /// Writes the embeddings as PEFT's P_TUNING does at inference (PROMPT_TUNING if there is no network).
  public void save(Path folder, @Nullable String base) {
    try (var _ = TensorScope.open()) {
      PromptFiles.save(folder, network == null ? "PROMPT_TUNING" : "P_TUNING", rows(), dim, base, PeftFiles.task(model));
    }
  }

  private VirtualTokens start() {
    model.requiresGrad(false);
    requiresGrad(true);
    target.extra(this);
    return this;
  }

  private static Embedding tokenEmbedding(Module model) {
    var found = new java.util.ArrayList<Embedding>();
    model.forEachModule((_, m) -> {
      if (m instanceof Embedding e) {
        found.add(e);
      }
    });
    if (found.isEmpty()) {
      throw new IllegalArgumentException("this model has no embedding of tokens");
    }
    return found.getFirst();                             // positions and types come after it
  }

  @Override public int count() {
    return count;
  }

  @Override public Tensor rows() {
    return network == null ? table.tensor() : network.apply(table.tensor());
  }

  /// The ids of the virtual tokens, to put before a prompt.
  public long[] ids() {
    long vocab = target.weight().shape()[0];
    return LongStream.range(vocab, vocab + count).toArray();
  }

  /// The virtual tokens before every row. int64 `[B, T]` to `[B, n + T]`
  public Tensor prepend(Tensor rows) {
    long vocab = target.weight().shape()[0];
    return Ops.cat(1, Ops.arange(vocab, vocab + count, rows.device()).view(1, count).expand(rows.size(0), count), rows);
  }

  /// Labels of rows with virtual tokens: those before the text have no loss. `[B, T]` to `[B, n + T]`
  public Tensor prependLabels(Tensor labels) {
    var none = new long[count];
    Arrays.fill(none, IGNORE);
    return Ops.cat(1, Ops.of(none, labels.device(), 1, count).expand(labels.size(0), count), labels);
  }

  @Override public void close() {
    if (target.extra() == this) {
      target.extra(null);
    }
    super.close();
  }
}
