package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The presets' counts of parameters to the last digit, without a byte of weights; Gemma 2's are in arXiv:2408.00118, table 2.
class PresetsTest {
  @ParameterizedTest
  @CsvSource({"qwen2-0.5b, 357898112, 494032768", "qwen2-1.5b, 1310340608, 1543714304", "qwen2-7b, 6525621760, 7615616512",
      "qwen2-72b, 70214787072, 72706203648", "gemma2-2b, 2024517888, 2614636800", "gemma2-9b, 8324201984, 9242164736",
      "gemma2-27b, 26047480320, 27227718144", "llama3.1-8b, 6979588096, 8030261248", "llama3.1-70b, 68452360192, 70553706496",
      "llama3.1-405b, 401650696192, 405853388800"})
  void parameterCountsEqualThePapers(String name, long nonEmbedding, long total) {
    assertThat(preset(name).nonEmbeddingCount()).isEqualTo(nonEmbedding);
    assertThat(preset(name).parameterCount()).isEqualTo(total);
    assertThat(preset(name).activeParameterCount()).isEqualTo(total);
  }

  @Test void theMixtureHas57BillionAnd14Active() {
    assertThat(preset("qwen2-57b-a14b").parameterCount()).isEqualTo(57_408_658_944L);
    assertThat(preset("qwen2-57b-a14b").activeParameterCount()).isEqualTo(14_249_270_784L);
  }

  /// 2.58 billion outside the embedding and 0.15 inside (arXiv:2407.21075, table 1), to the paper's rounding.
  @Test void afmOnDeviceHasThePublishedSizes() {
    assertThat(preset("afm-on-device").nonEmbeddingCount() / 1e9).isBetween(2.575, 2.585);
    assertThat(49_152L * 3_072 / 1e9).isBetween(0.145, 0.155);
    assertThat(preset("afm-on-device").tied()).isTrue();
  }

  @Test void mistralAndMixtralHaveTheirReleasedSizes() {
    assertThat(preset("mistral-7b").parameterCount()).isEqualTo(7_241_732_096L);
    assertThat(preset("mixtral-8x7b").parameterCount()).isEqualTo(46_702_792_704L);
  }

  @Test void gemmaSlidesInEveryOtherLayerFromTheFirst() {
    var spans = preset("gemma2-2b").attentions().stream().map(a -> ((Gqa) a).span()).toList();
    assertThat(spans.get(0)).isEqualTo(new Span.Sliding(4_096));
    assertThat(spans.get(1)).isEqualTo(Span.FULL);
    assertThat(spans.stream().filter(Span.Sliding.class::isInstance)).hasSize(13);
    assertThat(((Gqa) preset("gemma2-27b").attentions().getFirst()).scale()).isEqualTo(1 / 12.0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama3-tiny", "qwen2-tiny", "qwen2moe-tiny", "gemma2-tiny", "afm-tiny", "mistral-tiny", "mixtral-tiny"})
  void everyFamilyHasATinyOneThatRunsBothWays(String name) {
    try (var model = Decoder.create(preset(name), Device.CPU, DType.F32, Rng.of(1))) {
      model.requiresGrad(true);
      try (var tape = GradTape.open()) {
        var logits = model.apply(Ops.of(new long[] {1, 2, 3, 4, 5, 6}, Device.CPU, 2, 3), Pass.training(tape));
        assertThat(logits.shape()).containsExactly(2, 3, preset(name).vocab());
        tape.backward(logits.square().mean());
        assertThat(model.weights().values()).allSatisfy(w -> assertThat(w.grad()).as(w.name()).isNotNull());
        model.zeroGrad();
      }
    }
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static DecoderConfig preset(String name) {
    return Objects.requireNonNull(Families.presets().get(name), name);
  }
}
