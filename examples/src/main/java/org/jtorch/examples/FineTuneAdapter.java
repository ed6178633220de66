package org.jtorch.examples;

import java.nio.file.Path;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.data.Batch;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Qwen2;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.Init;
import org.jtorch.nn.Pass;
import org.jtorch.optim.AdamW;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.BatchTensors;

/// LoRA on a frozen model: train the adapter, compare with the model without it, merge it in.
///
/// A tiny model with fresh weights stands for a checkpoint; `Pretrained.load(folder, ...)` would give a real one.
public final class FineTuneAdapter {
  private static final int SEQ = 32;

  private FineTuneAdapter() {}

  /// @param args a folder for the adapter (PEFT's files), or nothing
  public static void main(String... args) {
    train(80, args.length > 0 ? Path.of(args[0]) : null);
  }

  /// What training left.
  ///
  /// @param adapted the loss with the adapter
  /// @param base the loss of the same model without it
  record Result(double adapted, double base) {}

  static Result train(int steps, @Nullable Path folder) {
    var random = new Random(1);
    try (var model = Decoder.create(Qwen2.TINY.withVocab(64).withLayers(2).withInit(new Init.Normal(0.1)), Device.best(), DType.F32, Rng.of(1));
         var lora = Lora.apply(model, LoraConfig.of(16, 32, new Targets.AllLinear()), Rng.of(2));
         var adamw = AdamW.over(lora.parameters(), 0, AdamW.Options.DEFAULT)) {
      for (int step = 0; step < steps; step++) {
        double loss = backward(model, counting(random));
        double norm = adamw.clipAndStep(1e-2, 1.0);
        IO.println("step %3d  loss %.4f  norm %.3f".formatted(step + 1, loss, norm));
      }
      Batch held = counting(random);
      var result = new Result(loss(model, held, Pass.EMPTY), loss(model, held, Pass.EMPTY.withAdapters(false)));
      IO.println("with the adapter %.4f, without %.4f".formatted(result.adapted, result.base));
      if (folder != null) {
        lora.save(folder, null);                                            // loads in PEFT
      }
      try (var _ = TensorScope.open()) {
        IO.println(lora.merge(model, Ops.of(held.tokens(), model.device(), 1, SEQ)));
      }
      return result;
    }
  }

  private static double backward(Decoder model, Batch batch) {
    try (var tape = GradTape.open()) {
      var input = BatchTensors.of(batch, model.device());
      var hidden = model.hidden(input.tokens(), Pass.training(tape), null);       // [B, T, C]
      return new ChunkedCrossEntropy().backward(model, hidden, batch.targets(), 1.0 / batch.trainedTokens(), tape) / batch.trainedTokens();
    }
  }

  private static double loss(Decoder model, Batch batch, Pass pass) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var input = BatchTensors.of(batch, model.device());
      return new ChunkedCrossEntropy().sum(model, model.hidden(input.tokens(), pass, null), batch.targets()) / batch.trainedTokens();
    }
  }

  /// A row that counts upwards from a random start, modulo 64.
  private static Batch counting(Random random) {
    var tokens = new long[SEQ];
    var targets = new long[SEQ];
    int start = random.nextInt(64);
    for (int i = 0; i < SEQ; i++) {
      tokens[i] = (start + i) % 64;
      targets[i] = (start + i + 1) % 64;
    }
    return new Batch(1, SEQ, tokens, targets, new int[SEQ], new int[SEQ], SEQ);
  }
}
