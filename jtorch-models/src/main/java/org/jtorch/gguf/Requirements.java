package org.jtorch.gguf;

import java.util.List;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.QkNorm;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.decoder.Residual;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.nn.NormConfig;

/// What llama.cpp's architectures cannot compute is refused, rather than written and computed wrongly.
final class Requirements {
  private final String name;

  private Requirements(String name) {
    this.name = name;
  }

  static void check(String name, DecoderConfig config) {
    var r = new Requirements(name);
    boolean gemma = name.equals(Architecture.GEMMA2);
    r.require(gemma ? config.norm() instanceof NormConfig.RmsPlusOne : config.norm() instanceof NormConfig.Rms, "norms",
        config.norm());
    r.require(Math.abs(config.embeddingScale() - (gemma ? Math.sqrt(config.dim()) : 1)) < 1e-6, "an embedding scale of",
        config.embeddingScale());
    r.require(gemma == config.logitCap().isActive(), "a soft cap on logits", config.logitCap());
    r.require(!gemma || config.tied(), "an untied head", config.tied());
    var first = config.blocks().getFirst();
    List<BlockConfig> blocks = config.blocks();
    for (int i = 0; i < blocks.size(); i++) {
      var block = blocks.get(i);
      var gqa = (Gqa) block.attention();
      r.require(gqa.withSpan(Span.FULL).equals(((Gqa) first.attention()).withSpan(Span.FULL)), "attention that differs between layers",
          gqa);
      r.require(block.feedForward().equals(first.feedForward()), "feed-forward layers that differ", block.feedForward());
      r.require(block.residual().equals(gemma ? Residual.SANDWICH : Residual.PRE), "norms placed as", block.residual());
      r.span(gqa.span(), i);
    }
    r.attention((Gqa) first.attention());
    r.feedForward(first.feedForward());
  }

  private void attention(Gqa a) {
    boolean gemma = name.equals(Architecture.GEMMA2);
    boolean llama = name.equals(Architecture.LLAMA);
    boolean qwen2 = name.equals(Architecture.QWEN2) || name.equals(Architecture.QWEN2_MOE);
    require(a.rope() != null, "attention without rotary positions", "");
    require(llama || a.qkvBias() == qwen2, a.qkvBias() ? "biases on q, k and v" : "no biases on q, k and v", "");
    require(llama || !a.outputBias(), "a bias on the attention's output", "");
    require(name.equals(Architecture.QWEN3) ? a.qkNorm() instanceof QkNorm.BeforeRope : a.qkNorm() instanceof QkNorm.None,
        "the norm of q and k", a.qkNorm());
    require(gemma == a.cap().isActive(), "a soft cap on scores", a.cap());
    if (a.rope() != null) {
      require(llama || !(a.rope().scaling() instanceof RopeScaling.Llama3), "rotary scaling", a.rope().scaling());
      require(!(a.rope().scaling() instanceof RopeScaling.Yarn y && !y.truncate()), "YaRN without whole dimensions", a.rope().scaling());
    }
  }

  private void span(Span span, int layer) {
    boolean gemma = name.equals(Architecture.GEMMA2);
    switch (span) {
      case Span.Full _ -> require(!gemma || layer % 2 == 1, "full attention in layer", layer);
      case Span.Sliding _ -> require(!gemma || layer % 2 == 0, "a sliding window in layer", layer);
      case Span.Bidirectional _, Span.DualChunk _ -> require(false, "attention", span);
    }
  }

  private void feedForward(FeedForwardConfig ffn) {
    Activation wanted = name.equals(Architecture.GEMMA2) ? Activation.GELU_TANH : Activation.SILU;
    switch (ffn) {
      case Gated g -> {
        require(g.activation() == wanted, "the activation", g.activation());
        require(name.equals(Architecture.LLAMA) || !g.bias(), "feed-forward biases", "");
        require(!name.equals(Architecture.QWEN2_MOE), "layers without experts", "");
      }
      case Experts e -> {
        boolean qwen = name.equals(Architecture.QWEN2_MOE);
        require(qwen || name.equals(Architecture.LLAMA), "experts", "");
        require(e.activation() == wanted, "the activation", e.activation());
        require(qwen != e.normalize(), "weights of experts that " + (e.normalize() ? "are" : "are not") + " divided by their sum", "");
        require(qwen == e.shared() > 0, e.shared() > 0 ? "a shared expert" : "no shared expert", "");
      }
      case FeedForwardConfig.Plain _ -> require(false, "feed-forward layers without a gate", "");
    }
  }

  private void require(boolean fits, String what, Object value) {
    if (!fits) {
      throw new IllegalArgumentException("llama.cpp's architecture \"" + name + "\" has no " + (what + " " + value).strip()
          + "; export to safetensors instead");
    }
  }
}
