package org.jtorch.recipes.align;

import java.util.List;
import org.jtorch.align.Share;
import org.jtorch.data.Collator;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.BatchTensors;

/// How well a model says what the assistant says in conversations.
final class ChatLoss {
  private ChatLoss() {}

  /// The mean cross-entropy of the trained tokens, nats; NaN if there are none.
  ///
  /// @param batch rows at once
  static double of(Decoder model, List<TokenRow> rows, Collator collator, int batch) {
    double sum = 0;
    long tokens = 0;
    for (var part : Share.parts(rows, batch)) {
      var laid = collator.batch(part);
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        var input = BatchTensors.of(laid, model.device());
        sum += new ChunkedCrossEntropy().sum(model, model.hidden(input.tokens(), input.on(Pass.EMPTY), null), laid.targets());
      }
      tokens += laid.trainedTokens();
    }
    return tokens == 0 ? Double.NaN : sum / tokens;
  }
}
