package org.jtorch.head;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.Decoder;
import org.jtorch.encoder.Encoder;
import org.jtorch.encoder.EncoderConfig;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// An encoder whose first token's hidden state goes through a tanh layer to the labels, as RoBERTa's head does:
/// `W₂ tanh(W₁ h₀ + b₁) + b₂`.
public final class EncoderClassifier extends Module implements Classifier {
  static final String TRUNK = "roberta";
  static final String HEAD = "classifier.";
  private final Encoder encoder;
  private final Linear dense;
  private final Linear out;
  private final Labels labels;

  /// Declares a classifier; [Classifiers] loads one.
  public EncoderClassifier(EncoderConfig config, Labels labels) {
    this.labels = labels;
    encoder = child(TRUNK, new Encoder(config));
    dense = child(HEAD + "dense", new Linear(config.dim(), config.dim(), true, config.initStd()));
    out = child(HEAD + "out_proj", new Linear(config.dim(), labels.count(), true, config.initStd()));
  }

  /// A classifier with fresh weights.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static EncoderClassifier create(EncoderConfig config, Labels labels, Device device, DType dtype, Rng rng) {
    var model = new EncoderClassifier(config, labels);
    model.initialize(device, dtype, rng);
    return model;
  }

  public EncoderConfig config() {
    return encoder.config();
  }

  public Encoder encoder() {
    return encoder;
  }

  @Override public Tensor logits(Tensor ids, Pass pass, Decoder.Probe probe) {
    return logits(ids, null, pass, probe);
  }

  /// [#logits(Tensor, Pass)] with token types. types int64 `[B, T]`, or null for type 0 everywhere
  public Tensor logits(Tensor ids, @Nullable Tensor types, Pass pass, Decoder.Probe probe) {
    try (var scope = TensorScope.open()) {
      Tensor first = encoder.hidden(ids, types, pass, probe).select(1, 0);                // [B, C]
      return scope.promote(out.apply(dense.apply(first, pass).tanh(), pass));             // [B, n]
    }
  }

  @Override public List<Parameter> headParameters() {
    return Stream.of(dense, out).flatMap(l -> l.parameters().stream()).toList();
  }

  @Override public Labels labels() {
    return labels;
  }

  @Override public int maxPositions() {
    return config().maxPositions();
  }

  @Override public DType dtype() {
    return encoder.dtype();
  }

  @Override public Device device() {
    return encoder.device();
  }
}
