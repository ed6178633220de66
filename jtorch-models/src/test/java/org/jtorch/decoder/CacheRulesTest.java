package org.jtorch.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.family.Mistral;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What a forward with a key-value cache cannot do is refused before anything is computed.
@SuppressWarnings("MustBeClosedChecker")
class CacheRulesTest {
  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static Decoder model(Span span) {
    return Decoder.create(Mistral.shape(13, 16, 24, 1, 2, 1, 8, 32, span), Device.CPU, DType.F32, Rng.of(1));
  }

  private static Tensor ids() {
    return Tensor.of(1L, 2, 3, 4).view(1, 4);
  }

  private static void refused(Decoder model, Pass pass, String what) {
    try (var cache = model.cache(1, 8)) {
      assertThatIllegalArgumentException().isThrownBy(() -> model.hidden(ids(), pass, cache)).withMessageContaining(what)
          .withMessageContaining("key-value cache");
      assertThat(cache.length()).isZero();
    }
  }

  @Test void aTapeOrSegmentsAndACacheExcludeEachOther() {
    try (var model = model(Span.FULL); var tape = GradTape.open(); var _ = Grad.off()) {
      refused(model, Pass.training(tape), "a tape");
      refused(model, Pass.EMPTY.withSegments(Tensor.of(0L, 0, 1, 1).view(1, 4)), "segments");
    }
  }

  @Test void aPrefixNeedsACacheThatKeepsEverything() {
    try (var whole = model(Span.FULL); var sliding = model(new Span.Sliding(3)); var _ = TensorScope.open(); var _ = Grad.off()) {
      var pass = Pass.EMPTY.withPrefix(Tensor.of(2L));
      refused(sliding, pass, "prefix");
      try (var cache = whole.cache(1, 8)) {
        assertThat(whole.hidden(ids(), pass, cache).toFloats()).isEqualTo(whole.hidden(ids(), pass, null).toFloats());
      }
    }
  }

  @Test void decodingPastAWindowWithGradientsSaysWhatToDo() {
    try (var model = model(new Span.Sliding(3)); var _ = TensorScope.open(); var cache = model.cache(1, 8)) {
      try (var _ = Grad.off()) {
        assertThat(model.hidden(ids(), Pass.EMPTY, cache).size(1)).isEqualTo(4);
      }
      assertThatThrownBy(() -> model.hidden(Tensor.of(5L).view(1, 1), Pass.EMPTY, cache)).isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("past the sliding window").hasMessageContaining("Grad.off()");
    }
  }
}
