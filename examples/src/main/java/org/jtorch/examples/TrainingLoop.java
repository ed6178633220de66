package org.jtorch.examples;

import java.util.Random;
import org.jtorch.data.Batch;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.Pass;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.ParameterGroups;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Rng;
import org.jtorch.train.BatchTensors;

/// A training loop of one's own, from the parts that the Pretrainer is made of: a tiny model learns to count.
public final class TrainingLoop {
  private static final int ROWS = 8;
  private static final int SEQ = 32;

  private TrainingLoop() {}

  public static void main(String... args) {
    train(args.length > 0 ? Integer.parseInt(args[0]) : 60);
  }

  /// Trains for `steps` and returns the last loss.
  static double train(int steps) {
    var schedule = new Schedule.Cosine(5, steps, 0.1);
    var random = new Random(1);
    double loss = Double.NaN;
    try (var model = Decoder.create(Llama.TINY.withVocab(64).withLayers(2), Device.best(), DType.F32, Rng.of(1))) {
      model.requiresGrad(true);
      try (var adamw = AdamW.over(ParameterGroups.byRank(model.parameters(), 0.1), AdamW.Options.DEFAULT)) {
        for (int step = 0; step < steps; step++) {
          Batch batch = counting(random);
          try (var tape = GradTape.open()) {                                    // this step's tensors die at }
            var input = BatchTensors.of(batch, model.device());
            var hidden = model.hidden(input.tokens(), Pass.training(tape), null);     // [B, T, C]
            loss = new ChunkedCrossEntropy().backward(model, hidden, batch.targets(), 1.0 / batch.trainedTokens(), tape)
                / batch.trainedTokens();
          }
          double norm = adamw.clipAndStep(1e-2 * schedule.at(step), 1.0);
          IO.println("step %3d  loss %.4f  norm %.3f".formatted(step + 1, loss, norm));
        }
      }
    }
    return loss;
  }

  /// Rows that count upwards from a random start, modulo 64.
  private static Batch counting(Random random) {
    var tokens = new long[ROWS * SEQ];
    var targets = new long[ROWS * SEQ];
    for (int row = 0; row < ROWS; row++) {
      int start = random.nextInt(64);
      for (int i = 0; i < SEQ; i++) {
        tokens[row * SEQ + i] = (start + i) % 64;
        targets[row * SEQ + i] = (start + i + 1) % 64;
      }
    }
    return new Batch(ROWS, SEQ, tokens, targets, new int[tokens.length], new int[tokens.length], tokens.length);
  }
}
