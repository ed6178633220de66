package org.jtorch.head;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.nn.Init;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A decoder of any family with a linear head, without bias, at the last real token, as transformers' sequence
/// classification: a reward model with [Labels#SCORE] (arXiv:2203.02155, section 3.5). There is no language-model head.
///
/// ```java
/// var scores = model.logits(ids, Pass.EMPTY.withKeyMask(mask));       // [2n, 1]: n chosen rows, then n rejected ones
/// new BradleyTerry().loss(scores, null).backward();
/// ```
public final class DecoderClassifier extends Module implements Classifier {
  static final String HEAD = "score.";
  private final DecoderConfig config;
  private final Decoder trunk;
  private final Linear score;
  private final Labels labels;
  private final @Nullable Integer padToken;

  /// Declares a model; [Classifiers] loads one.
  ///
  /// @param padToken what fills rows, for calls without a key mask; null if unknown
  public DecoderClassifier(DecoderConfig config, Labels labels, @Nullable Integer padToken) {
    if (padToken != null && (padToken < 0 || padToken >= config.vocab())) {
      throw new IllegalArgumentException("`pad_token_id` must be a token of the vocabulary (0 to " + (config.vocab() - 1)
          + ") but was " + padToken);
    }
    this.config = config;
    this.labels = labels;
    this.padToken = padToken;
    trunk = child("", new Decoder(config.withTied(true)));              // tied: no head of its own
    Init init = config.init() instanceof Init.Normal n ? n : new Init.Normal(0.02);
    score = child("score", new Linear(config.dim(), labels.count(), false, init));
  }

  /// A model with fresh weights.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static DecoderClassifier create(DecoderConfig config, Labels labels, @Nullable Integer padToken, Device device,
      DType dtype, Rng rng) {
    var model = new DecoderClassifier(config, labels, padToken);
    model.initialize(device, dtype, rng);
    return model;
  }

  public DecoderConfig config() {
    return config;
  }

  /// The decoder below the head.
  public Decoder trunk() {
    return trunk;
  }

  public @Nullable Integer padToken() {
    return padToken;
  }

  @Override public Tensor logits(Tensor ids, Pass pass, Decoder.Probe probe) {
    try (var scope = TensorScope.open()) {
      return scope.promote(judge(lastHidden(ids, pass, probe), pass));                                  // [B, n]
    }
  }

  /// The hidden state where the head reads, after the final norm: for heads beside it. ids int64 `[B, T]`; result `[B, C]`
  public Tensor lastHidden(Tensor ids, Pass pass, Decoder.Probe probe) {
    Tensor last = lastToken(ids, pass.keyMask());
    try (var scope = TensorScope.open()) {
      Tensor hidden = trunk.hidden(ids, pass, null, probe);                                             // [B, T, C]
      Tensor at = last.view(-1, 1, 1).expand(hidden.size(0), 1, hidden.size(2));
      return scope.promote(hidden.gather(1, at).squeeze(1));                                            // [B, C]
    }
  }

  /// The head's numbers. hidden `[B, C]`; result `[B, n]`
  public Tensor judge(Tensor hidden, Pass pass) {
    return score.apply(hidden, pass);
  }

  /// Where the head reads: the last real token of every row, with padding on either side.
  ///
  /// @param ids int64 `[B, T]`
  /// @param mask bool `[B, T]`, true for real tokens; without it every token but the padding token is real
  /// @return int64 `[B]`
  /// @throws IllegalArgumentException for several rows without a mask, if the model knows no padding token
  public Tensor lastToken(Tensor ids, @Nullable Tensor mask) {
    if (mask == null && padToken == null) {
      return end(ids);
    }
    try (var scope = TensorScope.open()) {
      Tensor real = mask == null ? ids.eq(Objects.requireNonNull(padToken)).not() : mask;
      Tensor count = Ops.arange(1, ids.size(1) + 1, ids.device()).view(1, -1);                         // 0 is for no token
      return scope.promote(real.to(DType.I64).mul(count).argMax(1));
    }
  }

  /// The end of the only row.
  private static Tensor end(Tensor ids) {
    if (ids.size(0) > 1) {
      throw new IllegalArgumentException("the last real token of " + ids.size(0)
          + " rows is unknown: give the Pass a key mask, or the model a `pad_token_id` in config.json");
    }
    return Ops.of(new long[] {ids.size(1) - 1}, ids.device(), 1);
  }

  @Override public List<Parameter> headParameters() {
    return score.parameters();
  }

  @Override public Labels labels() {
    return labels;
  }

  @Override public int maxPositions() {
    return config.maxPositions();
  }

  @Override public DType dtype() {
    return trunk.dtype();
  }

  @Override public Device device() {
    return trunk.device();
  }
}
