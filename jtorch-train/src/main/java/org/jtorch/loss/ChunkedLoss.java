package org.jtorch.loss;

import java.util.ArrayList;
import org.jtorch.decoder.CausalLm;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A loss over tokens, with the head that makes their logits, a chunk of positions at a time.
///
/// Per chunk of hidden states h and head W: the logits `h Wᵀ`, in whose place the loss puts its gradient D, and
/// `dh = D W`, `dW += Dᵀ h`: one pass over the logits for statistics, one for D, beside the three products. Statistics,
/// losses and dW are float32. Any chunk size gives the same result up to rounding.
///
/// @param chunkTokens positions of a chunk; 0 chooses so that its logits, with a teacher's, stay near 128 MiB (512 MiB on CUDA)
public record ChunkedLoss(TokenLoss loss, int chunkTokens) {
  public ChunkedLoss {
    HeadChunks.requireChunk(chunkTokens);
  }

  public ChunkedLoss(TokenLoss loss) {
    this(loss, 0);
  }

  /// Backward through head and model; gradients are added to the parameters'. The tape is spent then.
  ///
  /// @param hidden `[B, T, C]`, the model's output on `tape`
  /// @return Σ weight · loss, not scaled
  public double backward(CausalLm model, Tensor hidden, Tokens tokens, GradTape tape) {
    double sum = arrive(model, hidden, tokens, tape);
    tape.backward();
    return sum;
  }

  /// Backward through the head, down to `hidden`: further losses of the same forward may arrive there before
  /// [GradTape#backward()].
  public double arrive(CausalLm model, Tensor hidden, Tokens tokens, GradTape tape) {
    try (var scope = TensorScope.open()) {
      var sums = new ArrayList<Tensor>();
      Tensor dflat;
      try (var _ = Grad.off()) {
        Tensor flat = hidden.detach().reshape(-1, hidden.size(2));                       // [N, C]
        dflat = Ops.zerosLike(flat);
        var chunks = new HeadChunks(model, flat, tokens, chunkTokens, loss.logitsAtOnce());
        chunks.forEach((h, chunk, from, _) -> {
          sums.add(scope.adopt(weighted(loss.gradient(chunk), chunk, tokens.scale())));
          chunks.backward(h, chunk, from, dflat);
        });
      }
      tape.arrive(hidden, dflat.view(hidden.shape()));
      return total(sums);
    }
  }

  /// The same sum, for evaluation. hidden `[B, T, C]`
  public double sum(CausalLm model, Tensor hidden, Tokens tokens) {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      var sums = new ArrayList<Tensor>();
      new HeadChunks(model, hidden.reshape(-1, hidden.size(2)), tokens, chunkTokens, loss.logitsAtOnce())
          .forEach((_, chunk, _, _) -> sums.add(scope.adopt(weighted(loss.values(chunk), chunk, tokens.scale()))));
      return total(sums);
    }
  }

  private static Tensor weighted(Tensor losses, TokenLoss.Chunk chunk, double scale) {
    return losses.mul(chunk.weights()).sum().div(scale);
  }

  /// In float64, and one wait for the device.
  private static double total(ArrayList<Tensor> sums) {
    if (sums.isEmpty()) {
      return 0;
    }
    double total = 0;
    for (double s : Ops.stack(0, sums).toDoubles()) {
      total += s;
    }
    return total;
  }
}
