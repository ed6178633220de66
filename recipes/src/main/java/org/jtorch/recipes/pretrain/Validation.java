package org.jtorch.recipes.pretrain;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import org.jtorch.decoder.Decoder;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.recipes.run.Interruption;
import org.jtorch.recipes.run.RunLogs;
import org.jtorch.recipes.run.SaveTimer;
import org.jtorch.recipes.run.Samples;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.Evaluator;
import org.jtorch.train.Hooks;
import org.jtorch.train.WeightAverage;

/// What a run on text does beside its steps: validates, writes samples, saves, and ends when it is asked to.
final class Validation {
  private final PretrainRecipe recipe;
  private final Corpus corpus;
  private final RunLogs logs;
  private final Interruption interruption;
  private final Ranks ranks;

  Validation(PretrainRecipe recipe, Corpus corpus, RunLogs logs, Interruption interruption, Ranks ranks) {
    this.recipe = recipe;
    this.corpus = corpus;
    this.logs = logs;
    this.interruption = interruption;
    this.ranks = ranks;
  }

  Hooks hooks(Decoder model, Checkpoint checkpoint, StepListener log) {
    return hooks(model, WeightAverage.NONE, checkpoint, log);
  }

  /// The same where an average of the weights is kept: the last validation has its figures beside those of the last weights.
  Hooks hooks(Decoder model, WeightAverage average, Checkpoint checkpoint, StepListener log) {
    var timer = new SaveTimer(recipe.save().minutes(), System::nanoTime);
    return new Hooks(step -> {
      var event = average.isKept() && step == corpus.steps() ? last(model, average, step) : event(model, step);
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
    return request(interruption, timer, ranks);
  }

  /// What is wanted of a loop: that it ends, or saves because it is time.
  static Hooks.Request request(Interruption interruption, SaveTimer timer, Ranks ranks) {
    if (interruption.isAsked()) {
      return Hooks.Request.STOP;
    }
    return ranks.isFirst() && timer.isDue() ? Hooks.Request.SAVE : Hooks.Request.GO_ON;
  }

  Evaluator.Score score(Decoder model) {
    int batch = Math.max(1, recipe.train().batch() / recipe.train().accumulate());
    return new Evaluator(corpus.validationRows(), corpus.validationBytes(), corpus.validationTokens(), batch).score(model, ranks);
  }

  EvalEvent event(Decoder model, long step) {
    var score = score(model);
    return new EvalEvent(step, score.loss(), score.bitsPerByte(), score.perplexity(), ranks.isFirst() ? samples(model, step) : List.of());
  }

  /// After the last step: the average's figures, too, and whether averaging helped.
  private EvalEvent last(Decoder model, WeightAverage average, long step) {
    var last = event(model, step);
    try (var _ = average.applied()) {
      var score = score(model);
      logs.note(String.format(Locale.ROOT, "did averaging help? %s: %.4f bits per byte with %s, %.4f with the last weights",
          score.bitsPerByte() < last.bitsPerByte() ? "yes" : "no", score.bitsPerByte(), average.describe(step), last.bitsPerByte()));
      var figures = new LinkedHashMap<String, Double>();
      figures.put("averaged_loss", score.loss());
      figures.put("averaged_bits_per_byte", score.bitsPerByte());
      return new EvalEvent(step, last.loss(), last.bitsPerByte(), last.perplexity(), last.samples(), figures);
    }
  }

  /// What the model writes; a prompt that it cannot go on from costs the samples, not the run.
  private List<String> samples(Decoder model, long step) {
    try {
      return new Samples(recipe.eval(), corpus.tokenizer(), corpus.eosId(), recipe.seed()).of(model);
    } catch (RuntimeException e) {
      logs.note("no samples at step " + step + ": " + e.getMessage());
      return List.of();
    }
  }
}
