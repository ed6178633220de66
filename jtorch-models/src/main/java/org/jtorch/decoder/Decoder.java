package org.jtorch.decoder;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.AttentionState;
import org.jtorch.attention.KvCache;
import org.jtorch.nn.Embedding;
import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.nn.SoftCap;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A decoder-only transformer of any family.
///
/// ```java
/// try (var model = Decoder.create(Llama.TINY, Device.best(), DType.F32, Rng.of(0));
///      var _ = TensorScope.open(); var _ = Grad.off()) {
///   var logits = model.apply(Ops.of(new long[] {1, 2, 3}, model.device(), 1, 3), Pass.EMPTY);   // [1, 3, V]
/// }
/// ```
public final class Decoder extends Module implements CausalLm {
  /// Sees what passes between the layers: index 0 is the embedding, the last the final norm.
  public interface Probe {
    void at(int index, Tensor hidden);
  }

  private final DecoderConfig config;
  private final Embedding embedding;
  private final List<Block> blocks = new ArrayList<>();
  private final Layer norm;
  private final Parameter head;

  /// Declares a model of this shape; [#initialize] or [#allocate] gives it weights.
  public Decoder(DecoderConfig config) {
    this.config = config;
    embedding = child("model.embed_tokens", Embedding.ofStream(config.vocab(), config.dim(), embeddingInit(config)));
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(child("model.layers." + i, new Block(config.blocks().get(i), config.dim(), config.norm(), i, config.init())));
    }
    norm = child("model.norm", config.norm().build(config.dim()));
    head = config.tied() ? embedding.weight()
        : child("lm_head", new Linear(config.dim(), config.vocab(), false, config.init())).weight();
  }

  /// A table's rows are looked up, not multiplied: its fan-in says nothing, so it begins with the usual 0.02.
  private static Init embeddingInit(DecoderConfig config) {
    return config.init() instanceof Init.Normal ? config.init() : new Init.Normal(0.02);
  }

  /// A model with fresh weights.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Decoder create(DecoderConfig config, Device device, DType dtype, Rng rng) {
    var model = new Decoder(config);
    model.initialize(device, dtype, rng);
    return model;
  }

  /// The matrices of attention, feed-forward and experts: neither embedding, head nor router.
  public List<Parameter> projections() {
    return weights().values().stream().filter(w -> w.name().matches(".*(_proj|\\.w[123])\\.weight")).map(Weight::parameter)
        .distinct().toList();
  }

  public DecoderConfig config() {
    return config;
  }

  @Override public Tensor hidden(Tensor ids, Pass pass, @Nullable KvCache cache) {
    return hidden(ids, pass, cache, (_, _) -> {});
  }

  /// [#hidden] with a look at every layer's output.
  public Tensor hidden(Tensor ids, Pass pass, @Nullable KvCache cache, Probe probe) {   // int64 [B, T]
    if (pass.layout().trunks() == null) {                                               // else the positions say how long texts are
      requireLength(ids.size(1) + (cache == null ? 0 : cache.length()));
    }
    if (cache != null) {
      requireCacheable(pass);
    }
    try (var scope = TensorScope.open()) {
      var home = pass.tape() == null ? scope : pass.tape().scope();
      var shared = pass.withShared(new AttentionState(pass, home, ids, dtype(), cache));
      Tensor x = shared.shared(scaled(embedding.apply(ids, shared)));                   // [B, T, C]
      for (int i = 0; i < blocks.size(); i++) {
        probe.at(i, x);
        x = shared.block(x, blocks.get(i)::apply);
      }
      if (cache != null) {
        cache.advance(ids.size(1));
      }
      x = norm.apply(x, shared);
      probe.at(blocks.size(), x);
      return scope.promote(x);
    }
  }

  private void requireLength(long length) {
    if (!fits(length)) {
      throw new IllegalArgumentException("the sequence has " + length + " tokens but the model allows "
          + config.maxPositions() + " (`max_position_embeddings`); shorten it, or extend the model's context");
    }
  }

  @Override public boolean branches() {
    return config.mixers().stream().allMatch(m -> m instanceof AttentionConfig.Gqa g && !(g.span() instanceof AttentionConfig.Span.DualChunk));
  }

  /// A cache holds the past of plain generation: no gradients through it, one text a row, nothing that looks ahead of a window.
  private void requireCacheable(Pass pass) {
    String what = pass.tape() != null ? "a tape"
        : pass.segments() != null ? "segments"
        : pass.prefix() != null && slides() ? "a prefix that every query sees, in a model with sliding windows," : null;
    if (what != null) {
      throw new IllegalArgumentException(what + " and a key-value cache exclude each other; run the whole sequence without a cache");
    }
  }

  private boolean slides() {
    return config.mixers().stream().anyMatch(m -> m instanceof AttentionConfig.Gqa g && g.span() instanceof AttentionConfig.Span.Sliding);
  }

  /// Times the embedding scale, rounded to the weights' type first: in bf16 Gemma's √3072 is 55.5.
  private Tensor scaled(Tensor x) {
    return config.embeddingScale() == 1 ? x : x.mul(dtype().round(config.embeddingScale()));
  }

  @Override public Tensor logits(Tensor hidden) {                                       // [..., C]
    return config.logitCap().apply(Ops.linear(hidden, head.tensor(), null));            // [..., V]
  }

  @Override public SoftCap logitCap() {
    return config.logitCap();
  }

  @Override public double auxCoefficient() {
    return config.auxCoefficient();
  }

  @Override public Parameter head() {
    return head;
  }

  @Override public int inputIds() {
    var extra = embedding.extra();
    return vocabSize() + (extra == null ? 0 : extra.count());
  }

  @Override public int vocabSize() {
    return config.vocab();
  }

  @Override public int maxPositions() {
    return config.maxPositions();
  }

  @Override public boolean fits(long length) {
    return length <= config.maxPositions() || config.growsWithLength();
  }

  @Override public DType dtype() {
    return head.tensor().dtype();
  }

  @Override public Device device() {
    return head.tensor().device();
  }

  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  @Override public KvCache cache(int batch, int capacity) {
    return KvCache.allocate(config.mixers(), batch, capacity, dtype(), device());
  }
}
