package org.jtorch.recipes.pretrain;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.function.Consumer;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.DataException;
import org.jtorch.observe.RunStart;
import org.jtorch.optim.Optimizer;
import org.jtorch.recipes.run.Interruption;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunLogs;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.jtorch.train.Saved;
import org.jtorch.train.TrainOptions;
import org.jtorch.train.WeightAverage;

/// One run of a `pretrain` recipe, from text to a Hugging Face folder: data, model, optimizer, resume, loop.
final class PretrainRun {
  private final Setup setup;
  private final PretrainRecipe recipe;
  private final RunFolder run;
  private final RunLogs logs;
  private final Interruption interruption;
  private final Ranks ranks;

  PretrainRun(Setup setup, RunFolder run, RunLogs logs, Interruption interruption, Ranks ranks) {
    this.setup = setup;
    this.recipe = setup.recipe();
    this.run = run;
    this.logs = logs;
    this.interruption = interruption;
    this.ranks = ranks;
  }

  /// True if the run reached its last step; false if it was asked to stop and saved.
  boolean execute() {
    Thread.ofPlatform().daemon().name("jtorch-load").start(Device::best);      // libtorch loads while the text is read
    ranks.afterFirst(() -> Corpus.prepare(setup, run, logs::note));
    try (var corpus = Corpus.open(setup, run)) {
      Device device = device(recipe, ranks);
      DType dtype = ranks.afterFirst(() -> run.dtype(device, () -> TrainedType.of(setup, device, logs::note)));
      double peak = ranks.afterFirst(() -> ranks.isFirst() ? MachineSpeed.flops(device, dtype) : 0);
      DecoderConfig shape = Shapes.of(setup, corpus.tokenizer().vocabSize());
      try (var model = Shapes.build(setup, shape, device, dtype)) {
        model.requiresGrad(true);
        return train(model, corpus, dtype, peak);
      }
    }
  }

  private boolean train(Decoder model, Corpus corpus, DType dtype, double peak) {
    var options = options(recipe, corpus.steps());
    try (var loss = RunLoss.open(setup, corpus, model.device(), dtype); var optimizer = recipe.optimizer().over(model, recipe.train().learningRate());
        var average = average(model, options.steps())) {
      var validation = new Validation(recipe, corpus, logs, interruption, ranks);
      var batches = loss.batches();
      var trainer = new Pretrainer(model, optimizer, batches, options, loss.loss(), ranks);
      trainer.keep(average);
      var folder = ModelFolder.of(model, RunTokenizer.of(run));
      var checkpoint = Checkpoint.of(run.checkpoints(), recipe.save().retention(), folder)
          .with("optimizer", Saved.of(optimizer, model.weights()))
          .with("spike_guard", trainer.spikes())
          .with("data", Saved.of(batches));
      checkpoint = average.isKept() ? checkpoint.with("average", average.saved(model.weights())) : checkpoint;
      Progress from = checkpoint.resume(logs::note);
      if (from.step() == 0) {
        takeOver(setup, optimizer, model, logs::note);
      }
      interruption.loopBegins();
      var log = logs.open(from.step());
      log.onStart(new RunStart(recipe.name(), options.steps(), from.step(), model.parameterCount(), flopsPerToken(model.config()), peak));
      var result = trainer.fit(from, log, validation.hooks(model, average, checkpoint, log));
      if (result.finished()) {
        publish(folder, average);
      }
      return result.finished();
    }
  }

  @MustBeClosed
  private WeightAverage average(Decoder model, long steps) {
    var rule = recipe.average().over(steps);
    return rule == null ? WeightAverage.NONE : WeightAverage.of(model.parameters(), rule);
  }

  /// A stage begins with what the optimizer of the one before it remembers, if it is of the same kind.
  static void takeOver(Setup setup, Optimizer optimizer, Decoder model, Consumer<String> note) {
    var recipe = setup.recipe();
    var from = setup.from();
    if (from == null || from.checkpoints() == null || recipe.optimizerState() == PretrainRecipe.OptimizerState.RESET) {
      return;
    }
    var checkpoints = Checkpoint.all(from.checkpoints());
    boolean kept = !checkpoints.isEmpty() && Checkpoint.takeOver(checkpoints.getLast(), Saved.of(optimizer, model.weights()));
    if (!kept && recipe.optimizerState() == PretrainRecipe.OptimizerState.KEEP) {
      throw new DataException("`optimizer_state` cannot be kept: " + (checkpoints.isEmpty() ? from.checkpoints() + " holds no checkpoint"
          : checkpoints.getLast() + " holds another optimizer's") + "; use reset, or the same optimizer");
    }
    note.accept(kept ? "the optimizer goes on with the moments of " + checkpoints.getLast() : "the optimizer begins anew");
  }

  /// Leaves the model, averaged if the recipe says so.
  private void publish(ModelFolder folder, WeightAverage average) {
    if (!average.isKept()) {
      publish(folder);
      return;
    }
    try (var _ = average.applied()) {
      publish(folder);
    }
  }

  private void publish(ModelFolder folder) {
    if (ranks.isFirst()) {
      run.publish(folder);
    }
  }

  /// The recipe's device; of several ranks on a machine with CUDA devices each has its own.
  static Device device(PretrainRecipe recipe, Ranks ranks) {
    Device device = Device.parse(recipe.device());
    return device.isCuda() && ranks.size() > 1 ? Device.cuda(ranks.localRank()) : device;
  }

  static TrainOptions options(PretrainRecipe recipe, long steps) {
    var t = recipe.train();
    return new TrainOptions(steps, t.accumulate(), t.learningRate(), t.schedule().over(steps), t.clip(),
        t.activationCheckpointing(), recipe.eval().every(), recipe.save().every(), t.chunkTokens(), t.spikes().options());
  }

  /// Forward and backward: 6 operations per parameter that is in a matrix product.
  static double flopsPerToken(DecoderConfig shape) {
    double products = shape.parameterCount() - (shape.tied() ? 0 : (double) shape.vocab() * shape.dim());
    return 6 * products;
  }
}
