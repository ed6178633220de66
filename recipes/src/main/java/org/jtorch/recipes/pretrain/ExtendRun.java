package org.jtorch.recipes.pretrain;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.longcontext.CheckpointedTrainer;
import org.jtorch.longcontext.ContextExtension;
import org.jtorch.longcontext.ContextExtension.Outcome;
import org.jtorch.longcontext.Decision;
import org.jtorch.longcontext.ExtensionLog;
import org.jtorch.longcontext.ShortContext;
import org.jtorch.longcontext.TextScore;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.RunStart;
import org.jtorch.observe.SaveEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.observe.StepListeners;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.Resume;
import org.jtorch.recipes.run.Interruption;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunLogs;
import org.jtorch.recipes.run.SaveTimer;
import org.jtorch.recipes.run.SetAside;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;

/// One run of an `extend` recipe: the ladder of lengths with its gate, and what it comes to.
final class ExtendRun {
  private final ExtendRecipe recipe;
  private final RunArgs args;
  private final RunFolder run;
  private final RunLogs logs;
  private final Interruption interruption;
  private final Ranks ranks;
  private final SaveTimer timer;
  /// The newest short-context figure.
  private TextScore.@Nullable Bits bits;

  ExtendRun(ExtendRecipe recipe, RunArgs args, RunFolder run, RunLogs logs, Interruption interruption) {
    this.recipe = recipe;
    this.args = args;
    this.run = run;
    this.logs = logs;
    this.interruption = interruption;
    this.ranks = args.ranks();
    this.timer = new SaveTimer(recipe.save().minutes(), System::nanoTime);
  }

  /// True if it ended with a model; false if it was asked to stop and saved.
  ///
  /// @throws GateException if a length was not learnt and the recipe asks to stop then
  boolean execute() {
    var before = new Setup(recipe.before(), args.known());
    ranks.afterFirst(() -> Corpus.prepare(before, run, logs::note));
    try (var corpus = Corpus.open(before, run); var parts = new ExtendParts(recipe, args, run, logs, corpus)) {
      LongRows.problems(recipe, corpus.prepared()).forEach(problem -> {
        throw new DataException(problem);
      });
      Needles.check(recipe, corpus.tokenizer(), corpus.eosId());
      var plan = new CheckpointedTrainer.Plan(run.path(), recipe.save().retention(), recipe.train().batchTokens(), parts.options());
      var log = ranks.afterFirst(this::history);
      var listener = open(parts, Math.max(log.total(), plan.tokens()) / recipe.train().batchTokens());
      var around = new CheckpointedTrainer.Surroundings(listener, () -> Validation.request(interruption, timer, ranks), ranks);
      try (var trainer = new CheckpointedTrainer(parts, plan, around)) {
        var needles = new Needles(recipe, corpus, run, trainer::model);
        var extension = new ContextExtension(recipe.rungs(), recipe.gate().gate(), trainer, () -> shortContext(trainer, corpus, listener), needles);
        extension.goOn(log, plan.tokens());
        log.tell(decision -> hear(decision, trainer.step(), listener));
        return end(extension.run(log), trainer, parts);
      }
    }
  }

  /// What was decided so far; of a run that goes back to a checkpoint, up to there.
  private ExtensionLog history() {
    Path file = run.path().resolve("extension.json");
    var log = ranks.isFirst() ? ExtensionLog.at(file) : ExtensionLog.copyOf(file);
    if (args.resume() instanceof Resume.From(Path checkpoint)) {
      long step = Checkpoint.step(checkpoint);
      log.returnTo(step * recipe.train().batchTokens());
      var aside = SetAside.next(run);
      Checkpoint.all(run.path().resolve("passed")).stream().filter(c -> Checkpoint.step(c) > step).forEach(aside::move);
    }
    return log;
  }

  private StepListener open(ExtendParts parts, long step) {
    interruption.loopBegins();
    var log = logs.open(step);
    log.onStart(new RunStart(recipe.name(), recipe.ladder().size() * recipe.mostSteps(), step, parts.shape().parameterCount(),
        PretrainRun.flopsPerToken(parts.shape()), parts.peak()));
    return StepListeners.all(List.of(log, new StepListener() {
      @Override public void onSave(SaveEvent save) {
        timer.saved();
      }
    }));
  }

  private ShortContext.Score shortContext(CheckpointedTrainer trainer, Corpus corpus, StepListener listener) {
    int batch = Math.max(1, recipe.train().batchTokens() / recipe.train().accumulate() / recipe.data().seqLen());
    var now = new TextScore(corpus.validationRows(), corpus.validationBytes(), corpus.validationTokens(), batch).of(trainer.model(), ranks);
    bits = now;
    if (trainer.step() == 0) {
      listener.onEval(new EvalEvent(0, now.loss(), now.bitsPerByte(), Math.exp(now.loss()), List.of()));
    }
    return now.score();
  }

  private void hear(Decision decision, long step, StepListener listener) {
    var figures = new LinkedHashMap<String, Double>();
    figures.put("needles_found", (double) decision.needles().found() / decision.needles().asked());
    double loss = bits == null ? Double.NaN : bits.loss();
    listener.onEval(new EvalEvent(step, loss, decision.shortContext(), Math.exp(loss), List.of(), figures));
    listener.onNote(decision.toString());
  }

  private boolean end(Outcome outcome, CheckpointedTrainer trainer, ExtendParts parts) {
    return switch (outcome) {
      case Outcome.Interrupted _ -> false;
      case Outcome.Stopped stopped -> throw new GateException(stopped.why() + "; a greater gate.budget goes on from here");
      case Outcome.Reached(var rung) -> publish(trainer, parts, "the model has a context of %,d tokens".formatted(rung.length()));
      case Outcome.RolledBack(var to, String why) -> publish(trainer, parts, why + "; the model is what it was "
          + (to == null ? "before the extension" : "with a context of %,d tokens".formatted(to.length())));
    };
  }

  private boolean publish(CheckpointedTrainer trainer, ExtendParts parts, String what) {
    logs.note(what);
    if (ranks.isFirst()) {
      run.publish(parts.folder(trainer.model()));
    }
    return true;
  }
}
