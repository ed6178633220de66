package org.jtorch.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.Pass;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Schedule;
import org.jtorch.prune.KeptNeurons;
import org.jtorch.prune.MaskSchedule;
import org.jtorch.prune.NeuronScores;
import org.jtorch.prune.PruneTrainer;
import org.jtorch.prune.Slicing;
import org.jtorch.prune.SoftTopKMasks;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.BatchTensors;
import org.jtorch.train.Hooks;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.jtorch.train.TrainOptions;

/// Structured pruning as AFM does it: learn which neurons of each feed-forward layer can go, slice them off, save the smaller model.
///
/// A tiny model that learns to count in steps stands for a checkpoint; `Pretrained.load(folder, ...)` would give a real one.
public final class Prune {
  private static final int HIDDEN = 448;
  private static final int KEPT = 28;
  private static final StepListener NO_LOG = new StepListener() {};
  private static final Hooks NO_HOOKS = new Hooks(step -> new EvalEvent(step, 0, 0, 1, List.of()), _ -> {}, () -> false);

  private Prune() {}

  /// @param args a folder for the smaller model
  public static void main(String... args) throws IOException {
    prune(60, Path.of(args.length > 0 ? args[0] : "pruned"));
  }

  /// Losses of the whole model, and of the smaller ones by learned masks and by chance.
  record Result(double whole, double learned, double random) {}

  static Result prune(int steps, Path folder) throws IOException {
    var options = TrainOptions.of(steps, 1e-2, new Schedule.Constant(5));
    var rows = IntStream.range(0, 256).mapToObj(i -> counting(i % 64, 1 + i % 7)).toList();
    var batches = new ExampleBatches<>(1, 16, rows, new Collator(33, 8)::batch);
    try (var model = Decoder.create(Llama.TINY.withVocab(64).withLayers(2), Device.best(), DType.F32, Rng.of(1))) {
      model.requiresGrad(true);
      try (var adam = AdamW.over(model.parameters(), 0, AdamW.Options.DEFAULT)) {
        var _ = new Pretrainer(model, adam, batches, options).fit(Progress.START, NO_LOG, NO_HOOKS);
      }
      model.requiresGrad(false);                                               // the masks alone learn
      KeptNeurons kept;
      try (var masks = SoftTopKMasks.on(model, new MaskSchedule(steps, HIDDEN, KEPT));
           var adam = AdamW.over(List.of(masks.group(0.2, options.learningRate())), AdamW.Options.DEFAULT)) {
        var _ = new PruneTrainer(model, masks, adam, batches, options).fit(Progress.START, NO_LOG, NO_HOOKS);
        kept = masks.kept();
      }
      return compare(model, kept, batches.at(1_000), folder);
    }
  }

  private static Result compare(Decoder model, KeptNeurons kept, Batch batch, Path folder) throws IOException {
    try (var _ = TensorScope.open(); var small = Slicing.apply(model, kept);
         var chance = Slicing.apply(model, KeptNeurons.top(NeuronScores.random(model, Rng.of(2)), KEPT))) {
      Pretrained.save(small, Files.createDirectories(folder), DType.F32, null);        // its `intermediate_size` is 28
      var result = new Result(loss(model, batch), loss(small, batch), loss(chance, batch));
      IO.println("%,d parameters, and %,d that are left; losses: %s".formatted(model.parameterCount(), small.parameterCount(), result));
      return result;
    }
  }


  private static double loss(Decoder model, Batch batch) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var hidden = model.hidden(BatchTensors.of(batch, model.device()).tokens(), Pass.EMPTY, null);
      return new ChunkedCrossEntropy().sum(model, hidden, batch.targets()) / batch.trainedTokens();
    }
  }

  /// A row that counts from `start` in steps of `by`, modulo 64.
  private static TokenRow counting(long start, long by) {
    return TokenRow.of(LongStream.range(0, 33).map(i -> (start + by * i) % 64).toArray());
  }
}
