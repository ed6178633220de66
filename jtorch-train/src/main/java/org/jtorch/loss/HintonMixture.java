package org.jtorch.loss;

import org.jtorch.tensor.Tensor;

/// A teacher's loss and the text's, mixed (arXiv:1503.02531, section 2): `(1 − w) soft + w · cross-entropy`. It costs a copy of a
/// chunk's logits.
///
/// @param soft the teacher's, at a temperature τ with the factor τ²
/// @param hardWeight w of the text's, in `[0, 1]`
public record HintonMixture(TokenLoss soft, double hardWeight) implements TokenLoss {
  public HintonMixture {
    if (!(hardWeight >= 0 && hardWeight <= 1)) {
      throw new IllegalArgumentException("`hard_weight` must be in [0, 1] but was " + hardWeight + "; 0.1 is usual where it is used");
    }
  }

  @Override public int logitsAtOnce() {
    return soft.logitsAtOnce() + 1;
  }

  @Override public Tensor values(Chunk chunk) {
    return mix(soft.values(chunk), CrossEntropy.PLAIN.values(chunk));
  }

  @Override public Tensor gradient(Chunk chunk) {
    Chunk hard = chunk.with(chunk.logits().copy(), chunk.weights().mul(hardWeight));
    Tensor texts = CrossEntropy.PLAIN.gradient(hard);
    Tensor teachers = soft.gradient(chunk.with(chunk.logits(), chunk.weights().mul(1 - hardWeight)));
    chunk.logits().addInPlace(hard.logits());
    return mix(teachers, texts);
  }

  private Tensor mix(Tensor teachers, Tensor texts) {
    return teachers.mul(1 - hardWeight).add(texts.to(teachers.dtype()).mul(hardWeight));
  }
}
