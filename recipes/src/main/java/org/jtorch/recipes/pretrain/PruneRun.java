package org.jtorch.recipes.pretrain;

import java.util.List;
import java.util.Locale;
import org.jtorch.decoder.Decoder;
import org.jtorch.observe.RunStart;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.JointOptimizer;
import org.jtorch.optim.Optimizer;
import org.jtorch.prune.KeptNeurons;
import org.jtorch.prune.LearnedMasks;
import org.jtorch.prune.PruneTrainer;
import org.jtorch.prune.Slicing;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.run.Interruption;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunLogs;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.Progress;
import org.jtorch.train.Saved;

/// One run of a `prune` recipe: masks on the model, learned or chosen at once; then the smaller model.
final class PruneRun {
  private final PruneRecipe recipe;
  private final Setup setup;
  private final RunFolder run;
  private final RunLogs logs;
  private final Interruption interruption;
  private final Ranks ranks;

  PruneRun(PruneRecipe recipe, RunArgs args, RunFolder run, RunLogs logs, Interruption interruption) {
    this.recipe = recipe;
    this.setup = new Setup(recipe.onText(), args.known());
    this.run = run;
    this.logs = logs;
    this.interruption = interruption;
    this.ranks = args.ranks();
  }

  /// True if the run reached its end and left the smaller model; false if it was asked to stop and saved.
  boolean execute() {
    ranks.afterFirst(() -> Corpus.prepare(setup, run, logs::note));
    try (var corpus = Corpus.open(setup, run)) {
      Device device = PretrainRun.device(setup.recipe(), ranks);
      DType dtype = ranks.afterFirst(() -> run.dtype(device, () -> TrainedType.of(setup, device, logs::note)));
      double peak = ranks.afterFirst(() -> ranks.isFirst() ? MachineSpeed.flops(device, dtype) : 0);
      var validation = new Validation(setup.recipe(), corpus, logs, interruption, ranks);
      try (var model = Shapes.build(setup, Shapes.of(setup, corpus.tokenizer().vocabSize()), device, dtype)) {
        return switch (recipe.method()) {
          case PruneMethod.Learned learned -> learn(learned, model, corpus, validation, peak);
          case PruneMethod.Scored scored -> choose(scored, model, validation, peak);
        };
      }
    }
  }

  private boolean learn(PruneMethod.Learned method, Decoder model, Corpus corpus, Validation validation, double peak) {
    var options = PretrainRun.options(setup.recipe(), corpus.steps());
    int width = Slicing.width(model.config());
    model.requiresGrad(method.learnWeights());
    try (var masks = method.on(model, method.schedule(options.steps(), width, recipe.hidden()), recipe.seed());
        var optimizer = optimizer(method, masks, model); var loss = RunLoss.open(setup, corpus, model.device(), model.dtype())) {
      var batches = loss.batches();
      var trainer = new PruneTrainer(model, masks, optimizer, batches, options, ranks).withLoss(loss.loss());
      var checkpoint = Checkpoint.of(run.checkpoints(), recipe.save().retention(), ModelFolder.of(model, RunTokenizer.of(run)))
          .with("optimizer", Saved.of(optimizer, masks.weightsWith(model)))
          .with("masks", masks)
          .with("spike_guard", trainer.spikes())
          .with("data", Saved.of(batches));
      Progress from = checkpoint.resume(logs::note);
      interruption.loopBegins();
      var log = logs.open(from.step());
      log.onStart(start(model, options.steps(), from.step(), peak));
      var result = trainer.fit(from, log, validation.hooks(model, checkpoint, log));
      if (result.finished()) {
        leave(model, masks.kept(), validation, "with masks");
      }
      return result.finished();
    }
  }

  /// The scores' AdamW, and the recipe's optimizer of the weights if they learn along.
  private Optimizer optimizer(PruneMethod.Learned method, LearnedMasks masks, Decoder model) {
    double peak = setup.recipe().train().learningRate();
    var scores = AdamW.over(List.of(masks.group(method.maskLearningRate(), peak)), AdamW.Options.DEFAULT);
    return method.learnWeights() ? new JointOptimizer(recipe.optimizer().over(model, peak), scores) : scores;
  }

  private boolean choose(PruneMethod.Scored method, Decoder model, Validation validation, double peak) {
    logs.open(0).onStart(start(model, 0, 0, peak));
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      leave(model, KeptNeurons.top(method.scores(model, recipe.seed()), recipe.hidden()), validation, "before");
    }
    return true;
  }

  private RunStart start(Decoder model, long steps, long from, double peak) {
    return new RunStart(recipe.name(), steps, from, model.parameterCount(), PretrainRun.flopsPerToken(model.config()), peak);
  }

  /// Slices, says what that cost, and publishes the smaller model.
  private void leave(Decoder model, KeptNeurons kept, Validation validation, String state) {
    double whole = validation.score(model).bitsPerByte();
    try (var small = Slicing.apply(model, kept)) {
      double sliced = validation.score(small).bitsPerByte();
      logs.note(String.format(Locale.ROOT, "%,d of %,d neurons a layer stay, %,d of %,d parameters: %.4f bits per byte, %.4f %s", kept.kept(),
          kept.width(), small.parameterCount(), model.parameterCount(), sliced, whole, state));
      if (ranks.isFirst()) {
        run.publish(ModelFolder.of(small, RunTokenizer.of(run)));
      }
    }
  }
}
