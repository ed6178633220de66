package org.jtorch.recipes.bench;

import java.util.Random;
import java.util.stream.LongStream;
import org.jtorch.data.Batch;
import org.jtorch.decoder.Decoder;
import org.jtorch.ffn.Routing;
import org.jtorch.loss.ChunkedLoss;
import org.jtorch.loss.Tokens;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.GradTape;
import org.jtorch.train.BatchLoss;
import org.jtorch.train.BatchTensors;

/// The gradients of a training step on random tokens, for measuring.
///
/// @param checkpoint whether blocks run again in backward instead of keeping their activations
/// @param chunkTokens of the loss; 0 chooses by vocabulary
/// @param loss what is minimised
public record RandomStep(Decoder model, Batch batch, boolean checkpoint, int chunkTokens, BatchLoss loss) {
  /// With the next token's cross-entropy.
  public RandomStep(Decoder model, Batch batch, boolean checkpoint, int chunkTokens) {
    this(model, batch, checkpoint, chunkTokens, BatchLoss.NEXT_TOKEN);
  }

  /// Random rows whose targets are the next token, none for the last of a document. Each document has `length` tokens.
  public static Batch batch(int vocab, int rows, int seq, int length) {
    long[] tokens = new Random(0).longs((long) rows * seq, 0, vocab).toArray();
    var segments = new int[tokens.length];
    var positions = new int[tokens.length];
    for (int i = 0; i < tokens.length; i++) {
      segments[i] = i % seq / length;
      positions[i] = i % seq % length;
    }
    long[] targets = LongStream.range(0, tokens.length).map(i -> {
      boolean last = (i + 1) % seq == 0 || (i % seq + 1) % length == 0;
      return last ? Batch.IGNORE : tokens[(int) i + 1];
    }).toArray();
    long trained = LongStream.of(targets).filter(t -> t != Batch.IGNORE).count();
    return new Batch(rows, seq, tokens, targets, segments, positions, trained);
  }

  /// Forward and backward; the gradients are added to the parameters'.
  ///
  /// @param between runs after forward, when everything that backward needs is in memory
  public void gradients(Runnable between) {
    try (var tape = GradTape.open()) {
      var input = BatchTensors.of(batch, model.device());
      var routing = model.auxCoefficient() > 0 ? new Routing(tape.scope(), null, false) : null;
      var tokenLoss = new ChunkedLoss(loss.of(batch, input), chunkTokens);
      var pass = input.on(Pass.training(tape).withCheckpoint(checkpoint).withRouting(routing));
      var hidden = model.hidden(input.tokens(), pass, null);                             // [B, T, C]
      if (routing != null) {
        routing.trainWith(model.auxCoefficient());
      }
      between.run();
      double sum = tokenLoss.backward(model, hidden, Tokens.of(batch.targets()).withScale(1.0 / batch.trainedTokens()), tape);
      if (Double.isNaN(sum)) {
        throw new IllegalStateException("the loss became NaN");
      }
    }
  }
}
