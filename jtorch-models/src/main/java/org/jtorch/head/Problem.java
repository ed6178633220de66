package org.jtorch.head;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// What a head's numbers mean, and with it their loss: `problem_type` in `config.json`.
public enum Problem {
  /// Numbers; mean squared error. labels `[B]` or `[B, n]`
  REGRESSION,
  /// Scores of classes of which one is right; cross-entropy. labels int64 `[B]`
  SINGLE_LABEL_CLASSIFICATION,
  /// Scores of classes that are right or wrong by themselves; binary cross-entropy. labels 0 or 1, `[B, n]`
  MULTI_LABEL_CLASSIFICATION;

  /// The name in `config.json`.
  public String hfName() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Problem parse(String name) {
    return Arrays.stream(values()).filter(p -> p.hfName().equals(name)).findFirst().orElseThrow(() ->
        new IllegalArgumentException("`problem_type` is \"" + name + "\"; supported: "
            + Arrays.stream(values()).map(Problem::hfName).collect(Collectors.joining(", "))));
  }

  /// What transformers takes where `config.json` says nothing and labels are given as usual.
  static Problem of(int labels) {
    return labels == 1 ? REGRESSION : SINGLE_LABEL_CLASSIFICATION;
  }

  /// The mean loss over the batch, a float32 scalar.
  ///
  /// @param logits `[B, n]`
  /// @param labels as the constant says
  public Tensor loss(Tensor logits, Tensor labels) {
    long rows = logits.size(0);
    long wanted = this == SINGLE_LABEL_CLASSIFICATION ? rows : logits.numel();
    if (labels.numel() != wanted) {
      throw new IllegalArgumentException(hfName() + " of " + rows + " rows and " + logits.size(1) + " labels needs " + wanted
          + " label values, but " + labels.numel() + " were given");
    }
    Tensor x = logits.to(DType.F32);
    return switch (this) {
      case REGRESSION -> x.reshape(-1).sub(labels.to(DType.F32).reshape(-1)).square().mean();
      case SINGLE_LABEL_CLASSIFICATION -> Ops.crossEntropy(x, labels.reshape(-1));
      case MULTI_LABEL_CLASSIFICATION -> {
        Tensor y = labels.to(DType.F32).reshape(x.shape());
        yield y.mul(Ops.logSigmoid(x)).add(y.neg().add(1).mul(Ops.logSigmoid(x.neg()))).mean().neg();
      }
    };
  }
}
