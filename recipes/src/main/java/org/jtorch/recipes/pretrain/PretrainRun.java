package org.jtorch.recipes.pretrain;

import java.util.List;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.RunStart;
import org.jtorch.observe.StepListener;
import org.jtorch.recipes.run.Interruption;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunLogs;
import org.jtorch.recipes.run.SaveTimer;
import org.jtorch.recipes.run.Samples;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.Evaluator;
import org.jtorch.train.Hooks;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.jtorch.train.Saved;
import org.jtorch.train.TrainOptions;

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
      Device device = device();
      DType dtype = ranks.afterFirst(() -> run.dtype(device, () -> TrainedType.of(setup, device, logs::note)));
      double peak = ranks.afterFirst(() -> ranks.isFirst() ? MachineSpeed.flops(device, dtype) : 0);
      DecoderConfig shape = Shapes.of(setup, corpus.tokenizer().vocabSize());
      try (var model = Shapes.build(setup, shape, device, dtype)) {
        model.requiresGrad(true);
        var options = options(corpus.steps());
        try (var optimizer = recipe.optimizer().over(model, recipe.train().learningRate())) {
          var batches = corpus.batches();
          var trainer = new Pretrainer(model, optimizer, batches, options, ranks);
          var folder = ModelFolder.of(model, RunTokenizer.of(run));
          var checkpoint = Checkpoint.of(run.checkpoints(), recipe.save().retention(), folder)
              .with("optimizer", Saved.of(optimizer, model.weights()))
              .with("spike_guard", trainer.spikes())
              .with("data", Saved.of(batches));
          Progress from = checkpoint.resume(logs::note);
          interruption.loopBegins();
          var log = logs.open(from.step());
          log.onStart(new RunStart(recipe.name(), options.steps(), from.step(), model.parameterCount(), flopsPerToken(shape), peak));
          var result = trainer.fit(from, log, hooks(model, corpus, checkpoint, log));
          if (result.finished() && ranks.isFirst()) {
            run.publish(folder);
          }
          return result.finished();
        }
      }
    }
  }

  private Hooks hooks(Decoder model, Corpus corpus, Checkpoint checkpoint, StepListener log) {
    var timer = new SaveTimer(recipe.save().minutes(), System::nanoTime);
    return new Hooks(step -> {
      var event = evaluate(model, corpus, step);
      if (ranks.isFirst()) {
        checkpoint.evaluated(step, event.loss());
      }
      return event;
    }, now -> {
      log.onSave(checkpoint.timedSave(now));
      timer.saved();
    }, () -> request(timer));
  }

  private Hooks.Request request(SaveTimer timer) {
    if (interruption.isAsked()) {
      return Hooks.Request.STOP;
    }
    return ranks.isFirst() && timer.isDue() ? Hooks.Request.SAVE : Hooks.Request.GO_ON;
  }

  /// The recipe's device; of several ranks on a machine with CUDA devices each has its own.
  private Device device() {
    Device device = Device.parse(recipe.device());
    return device.isCuda() && ranks.size() > 1 ? Device.cuda(ranks.localRank()) : device;
  }

  private TrainOptions options(long steps) {
    var t = recipe.train();
    return new TrainOptions(steps, t.accumulate(), t.learningRate(), t.schedule().over(steps), t.clip(),
        t.activationCheckpointing(), recipe.eval().every(), recipe.save().every(), t.chunkTokens(), t.spikes().options());
  }

  private EvalEvent evaluate(Decoder model, Corpus corpus, long step) {
    int batch = Math.max(1, recipe.train().batch() / recipe.train().accumulate());
    var score = new Evaluator(corpus.validationRows(), corpus.validationBytes(), corpus.validationTokens(), batch).score(model, ranks);
    return new EvalEvent(step, score.loss(), score.bitsPerByte(), score.perplexity(),
        ranks.isFirst() ? samples(model, corpus, step) : List.of());
  }

  /// What the model writes; a prompt that it cannot go on from costs the samples, not the run.
  private List<String> samples(Decoder model, Corpus corpus, long step) {
    try {
      return new Samples(recipe.eval(), corpus.tokenizer(), corpus.eosId(), recipe.seed()).of(model);
    } catch (RuntimeException e) {
      logs.note("no samples at step " + step + ": " + e.getMessage());
      return List.of();
    }
  }

  /// Forward and backward: 6 operations per parameter that is in a matrix product.
  static double flopsPerToken(DecoderConfig shape) {
    double products = shape.parameterCount() - (shape.tied() ? 0 : (double) shape.vocab() * shape.dim());
    return 6 * products;
  }
}
