package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.QkNorm;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.decoder.Residual;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.ffn.FeedForwardConfig.Plain;
import org.jtorch.nn.NormConfig;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What a family's `config.json` cannot hold is refused, not dropped.
class ConfigJsonTest {
  private static Arguments of(String preset, String message, UnaryOperator<DecoderConfig> change) {
    return Arguments.of(preset, message, change);
  }

  private static UnaryOperator<DecoderConfig> attention(UnaryOperator<Gqa> change) {
    return c -> c.withBlocks(c.blocks().stream()
        .map(b -> new BlockConfig(change.apply((Gqa) b.attention()), b.feedForward(), b.residual())).toList());
  }

  private static UnaryOperator<DecoderConfig> feedForward(FeedForwardConfig f) {
    return c -> c.withBlocks(c.blocks().stream().map(b -> new BlockConfig(b.attention(), f, b.residual())).toList());
  }

  /// The last layer only.
  private static UnaryOperator<DecoderConfig> last(UnaryOperator<BlockConfig> change) {
    return c -> {
      var blocks = new ArrayList<>(c.blocks());
      blocks.set(blocks.size() - 1, change.apply(blocks.getLast()));
      return c.withBlocks(blocks);
    };
  }

  private static UnaryOperator<DecoderConfig> lastSpan(Span span) {
    return last(b -> new BlockConfig(((Gqa) b.attention()).withSpan(span), b.feedForward(), b.residual()));
  }

  static List<Arguments> changes() {
    return Stream.of(
        of("llama3-tiny", "blocks[0].residual", c -> c.withBlocks(c.blocks().stream()
            .map(b -> new BlockConfig(b.attention(), b.feedForward(), new Residual.Deep(4))).toList())),
        of("llama3-tiny", "blocks[0].mixer.span", attention(a -> a.withSpan(new Span.Sliding(9)))),
        of("llama3-tiny", "blocks[0].mixer.scale", attention(a -> a.withScale(0.3))),
        of("llama3-tiny", "blocks[0].mixer.cap", attention(a -> a.withCap(new SoftCap(50)))),
        of("llama3-tiny", "blocks[0].mixer.qkNorm", attention(a -> a.withQkNorm(new QkNorm.BeforeRope(1e-5)))),
        of("llama3-tiny", "blocks[0].mixer.outputBias",
            attention(a -> new Gqa(a.heads(), a.kvHeads(), a.headDim(), true, false, a.rope(), a.span()))),
        of("llama3-tiny", "rotary positions", attention(a -> a.withRope(null))),
        of("llama3-tiny", "norm", c -> c.withNorm(new NormConfig.LayerNorm(1e-5))),
        of("llama3-tiny", "logitCap", c -> c.withLogitCap(new SoftCap(30))),
        of("llama3-tiny", "embeddingScale", c -> c.withEmbeddingScale(2)),
        of("llama3-tiny", "hidden_act", feedForward(new Gated(448, Activation.GELU, false))),
        of("llama3-tiny", "Plain", feedForward(new Plain(448, Activation.SILU))),
        of("llama3-tiny", "blocks[3].feedForward.hidden",
            last(b -> new BlockConfig(b.attention(), new Gated(64, Activation.SILU, false), b.residual()))),
        of("qwen2-tiny", "blocks[0].feedForward.bias", feedForward(new Gated(512, Activation.SILU, true))),
        of("gemma2-tiny", "blocks[0].mixer.scale", attention(a -> a.withScale(0.3))),
        of("gemma2-tiny", "span", lastSpan(new Span.Sliding(9))),
        of("mistral-tiny", "blocks[3].mixer.span", lastSpan(Span.FULL)),
        of("mixtral-tiny", "Gated", feedForward(new Gated(8, Activation.SILU, false))),
        of("qwen2moe-tiny", "shared expert", feedForward(Qwen2Moe.experts(4, 2, 8, false, 0, 1e-3)))).toList();
  }

  @ParameterizedTest(name = "{0}: {1}") @MethodSource("changes")
  void whatTheFileCannotSayIsRefused(String preset, String message, UnaryOperator<DecoderConfig> change) {
    var config = change.apply(Objects.requireNonNull(Families.presets().get(preset)));
    assertThatIllegalArgumentException().isThrownBy(() -> Pretrained.json(config, DType.F32))
        .withMessageContaining(message).withMessageContaining("cannot be written");
  }

  @Test void headSizesThatDoNotFillTheWidthStayInTheFile() {
    var rope = Objects.requireNonNull(Qwen2.TINY.attention().rope());
    var narrow = Qwen2.shape(17, 16, 24, 2, 4, 2, 8, 64, rope, true);
    assertThat(Pretrained.json(narrow, DType.F32).path("head_dim").intValue()).isEqualTo(8);
    var moe = Qwen2Moe.shape(17, 16, 2, 4, 2, 8, 64, rope, Qwen2Moe.experts(4, 2, 8, false, 8, 1e-3));
    assertThat(Pretrained.json(moe, DType.F32).path("head_dim").intValue()).isEqualTo(8);
    assertThat(Pretrained.json(Qwen2.TINY, DType.F32).has("head_dim")).isFalse();
    assertThat(Pretrained.json(Qwen2Moe.TINY, DType.F32).has("head_dim")).isFalse();
  }
}
