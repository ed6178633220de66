package org.jtorch.upcycle;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.Arrays;
import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.QkNorm;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.decoder.Residual;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.ffn.FeedForwardConfig.Names;
import org.jtorch.nn.NormConfig;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;

/// Makes a mixture of fine-grained experts from a trained dense model, as Qwen 2 made its 57B-A14B from its 7B
/// (arXiv:2407.10671, section 2.2.2).
///
/// In each layer the dense feed-forward part is copied until there are neurons enough, every copy's neurons are permuted
/// independently, and experts of the wanted width are sliced off; the remainder is dropped. Then a random part of every
/// expert's weights begins anew, so that experts differ. The shared expert is made in the same way. Router and shared
/// gate are fresh; attention, norms and embeddings are copied.
///
/// ```java
/// try (var dense = Pretrained.load(folder, Device.CPU, null);
///      var experts = Upcycling.of(64, 8, 2_560, 20_480).apply(dense, 1)) {
///   Pretrained.save(experts, target, experts.dtype(), folder);
/// }
/// ```
///
/// @param experts how many experts a layer has
/// @param active how many of them a token goes through
/// @param hidden width of an expert
/// @param shared width of the shared expert; 0 for none, which no file can hold: transformers' Qwen2-MoE always has one
/// @param normalize divide the chosen probabilities by their sum
/// @param auxCoefficient of the balancing loss
/// @param fresh the part of each expert's weights that begins anew
/// @param unit what is drawn to begin anew
/// @param std of fresh weights
/// @param shuffle permute the neurons of each copy
public record Upcycling(int experts, int active, int hidden, int shared, boolean normalize, double auxCoefficient, double fresh,
    Unit unit, double std, boolean shuffle) {
  /// What begins anew together: the paper does not say which it was.
  public enum Unit {
    /// Each number for itself.
    ELEMENT,
    /// A neuron: its row of gate and up, and its column of down.
    NEURON
  }

  public Upcycling {
    if (!(fresh >= 0 && fresh <= 1)) {
      throw new IllegalArgumentException("`fresh` must be between 0 and 1 but was " + fresh + "; Qwen 2 used 0.5");
    }
    if (!(std > 0)) {
      throw new IllegalArgumentException("`std` must be > 0 but was " + std + "; 0.02 is usual");
    }
    var _ = new Experts(experts, active, hidden, Activation.SILU, normalize, shared, auxCoefficient, Names.QWEN);   // its checks
  }

  /// Qwen 2's recipe: half of each expert begins anew, element by element, with N(0, 0.02²).
  public static Upcycling of(int experts, int active, int hidden, int shared) {
    return new Upcycling(experts, active, hidden, shared, false, 0.001, 0.5, Unit.ELEMENT, 0.02, true);
  }

  public Upcycling withNormalize(boolean on) {
    return new Upcycling(experts, active, hidden, shared, on, auxCoefficient, fresh, unit, std, shuffle);
  }

  public Upcycling withAuxCoefficient(double coefficient) {
    return new Upcycling(experts, active, hidden, shared, normalize, coefficient, fresh, unit, std, shuffle);
  }

  /// How much begins anew: 0 leaves the copies as they are.
  public Upcycling withFresh(double part, Unit what) {
    return new Upcycling(experts, active, hidden, shared, normalize, auxCoefficient, part, what, std, shuffle);
  }

  public Upcycling withStd(double s) {
    return new Upcycling(experts, active, hidden, shared, normalize, auxCoefficient, fresh, unit, s, shuffle);
  }

  public Upcycling withShuffle(boolean on) {
    return new Upcycling(experts, active, hidden, shared, normalize, auxCoefficient, fresh, unit, std, on);
  }

  /// How many copies of a dense layer give `neurons` of them.
  ///
  /// @param dense width of the dense layer
  public static int copies(long neurons, int dense) {
    return Math.toIntExact((neurons + dense - 1) / dense);
  }

  /// The shape of the result: experts in every layer, of the family `qwen2_moe`.
  ///
  /// @throws IllegalArgumentException naming what of the dense model that family cannot have
  public DecoderConfig config(DecoderConfig dense) {
    require(dense.norm() instanceof NormConfig.Rms, dense, "norms other than RMSNorm");
    require(dense.embeddingScale() == 1 && dense.logitCap().equals(SoftCap.NONE), dense, "an embedding scale or a cap on its logits");
    var blocks = dense.blocks().stream().map(b -> {
      require(b.feedForward() instanceof Gated(_, Activation a, boolean bias) && a == Activation.SILU && !bias, dense,
          "feed-forward layers that are not SwiGLU without biases");
      require(b.residual().equals(Residual.PRE), dense, "norms elsewhere than before each part");
      requireAttention(b.attention(), dense);
      return new BlockConfig(b.attention(), layer(), b.residual());
    }).toList();
    return dense.withBlocks(blocks).withFamily("qwen2_moe");
  }

  private static void requireAttention(AttentionConfig attention, DecoderConfig dense) {
    switch (attention) {
      case Gqa a -> {
        require(a.rope() != null, dense, "no rotary positions");
        require(a.qkNorm().equals(QkNorm.NONE), dense, "norms of q and k");
        require(a.cap().equals(SoftCap.NONE), dense, "a cap on its scores");
        require(Math.abs(a.scale() * Math.sqrt(a.headDim()) - 1) < 1e-9, dense, "another scale of its scores than 1/sqrt(head_dim)");
        require(!a.outputBias(), dense, "a bias on the output projection of attention");
        require(a.span() instanceof Span.Full || a.span() instanceof Span.Sliding, dense, "the attention span " + a.span());
      }
    }
  }

  private FeedForwardConfig layer() {
    return new Experts(experts, active, hidden, Activation.SILU, normalize, shared, auxCoefficient, Names.QWEN);
  }

  private static void require(boolean good, DecoderConfig dense, String what) {
    if (!good) {
      throw new IllegalArgumentException("a model of the family \"" + dense.family() + "\" has " + what
          + ", which qwen2_moe cannot have; start from a Qwen 2 or Llama model");
    }
  }

  /// A new model on the device and in the type of `dense`, the same for the same seed. `dense` stays as it is.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public Decoder apply(Decoder dense, long seed) {
    var model = new Decoder(config(dense.config()));
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var type = dense.dtype();
      var device = dense.device();
      model.allocate((p, shape) -> Ops.empty(p.typeIn(type), device, shape));
      copyTheRest(dense, model);
      var rng = Rng.of(seed);
      for (int layer = 0; layer < dense.config().layers(); layer++) {
        try (var _ = TensorScope.open()) {
          new UpcycledLayer(this, dense, model, layer, rng).fill();
        }
      }
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /// What both models have under the same name: everything outside the feed-forward layers.
  private static void copyTheRest(Decoder dense, Decoder model) {
    var from = dense.weights();
    model.weights().forEach((name, w) -> {
      var source = from.get(name);
      if (source != null) {
        w.view().copyInPlace(source.view());
      }
    });
  }

  /// The neurons of a row of copies of a dense layer, each copy in an order of its own.
  ///
  /// @param neurons how many are needed
  /// @param dense width of the dense layer
  long[] neurons(long neurons, int dense, Rng rng) {
    int copies = copies(neurons, dense);
    var all = new long[Math.multiplyExact(copies, dense)];
    for (int c = 0; c < copies; c++) {
      int at = c * dense;
      for (int i = 0; i < dense; i++) {
        int other = shuffle ? (int) (rng.uniform() * (i + 1)) : i;            // inside out: all[at + i] is still free
        all[at + i] = all[at + other];
        all[at + other] = i;
      }
    }
    return Arrays.copyOf(all, Math.toIntExact(neurons));
  }
}
