package org.jtorch.loss;

import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.CausalLm;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.kernel.TokenPass;

/// Log-probabilities of chosen tokens in float32, and the gradient of any function of them: what preference and policy losses
/// are made of.
///
/// ```java
/// var logps = new TokenLogProbs().of(model, hidden, targets, tape);        // [N], 0 where there is no target
/// tape.backward(myLoss(logps));                                            // autograd as far as logps, the chunk loop from there
/// ```
///
/// Backward makes the logits anew, chunk by chunk, instead of keeping them: one product more, and a batch's logits are never
/// all in memory.
///
/// @param chunkTokens positions of a chunk; 0 chooses so that its logits stay near 128 MiB (512 MiB on CUDA)
/// @param temperature what the logits are divided by: of a policy the temperature at which it answers
public record TokenLogProbs(int chunkTokens, double temperature) {
  public TokenLogProbs {
    HeadChunks.requireChunk(chunkTokens);
    if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`temperature` must be > 0 but was " + temperature + "; 1 is the model itself");
    }
  }

  public TokenLogProbs(int chunkTokens) {
    this(chunkTokens, 1);
  }

  public TokenLogProbs() {
    this(0);
  }

  /// @param hidden `[B, T, C]`
  /// @param targets the token after each position, `B * T` of them; [Tokens#IGNORE] where none is asked for
  /// @param tape null if nothing goes back: a reference or a teacher
  /// @return float32 (float64 of a model of that type) `[B * T]`
  public Tensor of(CausalLm model, Tensor hidden, long[] targets, @Nullable GradTape tape) {
    try (var _ = Grad.off()) {
      Tensor flat = hidden.detach().reshape(-1, hidden.size(2));
      Tensor logps = Ops.zeros(Tokens.sums(model.dtype()), flat.device(), flat.size(0));
      new HeadChunks(model, flat, Tokens.of(targets), chunkTokens).forEach((_, chunk, _, count) -> {
        Tensor found = TokenPass.forward(tempered(chunk), chunk.targets()).logProbs();
        logps.indexCopyInPlace(0, chunk.rows().narrow(0, 0, count), found.narrow(0, 0, count));
      });
      return tape == null ? logps : tape.record(logps, new Tensor[] {hidden}, new Tensor[] {flat},
          g -> new Tensor[] {backward(model, flat, targets, g).view(hidden.shape())});
    }
  }

  private Tensor backward(CausalLm model, Tensor flat, long[] targets, Tensor gradient) {
    Tensor dflat = Ops.zerosLike(flat);
    var chunks = new HeadChunks(model, flat, Tokens.of(targets), chunkTokens);
    chunks.forEach((h, chunk, from, _) -> {
      Tensor logits = tempered(chunk);
      var rows = TokenPass.forward(logits, chunk.targets());
      Tensor g = gradient.indexSelect(0, chunk.rows()).mul(chunk.weights());             // [n], 0 for what fills the chunk up
      Tensor scaled = temperature == 1 ? g : g.div(temperature);
      TokenPass.gradient(logits, chunk.targets(), rows.lse(), scaled, null, scaled.neg(), chunk.cap() / temperature);
      chunks.backward(h, chunk, from, dflat);
    });
    return dflat;
  }

  private Tensor tempered(TokenLoss.Chunk chunk) {
    return temperature == 1 ? chunk.logits() : chunk.logits().mulInPlace(1 / temperature);
  }
}
