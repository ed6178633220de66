package org.jtorch.recipes.pretrain;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.data.TokenBatches;
import org.jtorch.distill.Capture;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.run.Interruption;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunLogs;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.ranks.Ranks;

/// One run of a `capture` recipe: text, teacher, what it says. Of several processes the first does it all.
final class CaptureRun {
  private final CaptureRecipe recipe;
  private final Setup setup;
  private final RunFolder run;
  private final RunLogs logs;
  private final Interruption interruption;
  private final Ranks ranks;

  CaptureRun(CaptureRecipe recipe, RunArgs args, RunFolder run, RunLogs logs, Interruption interruption) {
    this.recipe = recipe;
    this.setup = new Setup(recipe.onText(), args.known());
    this.run = run;
    this.logs = logs;
    this.interruption = interruption;
    this.ranks = args.ranks();
  }

  /// True if all is captured; false if it was asked to stop.
  boolean execute() {
    return ranks.afterFirst(() -> {
      if (ranks.isFirst() && !Files.exists(run.left())) {
        capture();
      }
      return Files.exists(run.left());
    });
  }

  private void capture() {
    Corpus.prepare(setup, run, logs::note);
    Path teacher = setup.known().model(recipe.teacher()).folder();
    try (var corpus = Corpus.open(setup, run)) {
      TeacherTokenizer.require(corpus.tokenizer(), teacher);
      if (!(corpus.batches() instanceof TokenBatches batches)) {
        throw new IllegalStateException("a capture has no ramp");
      }
      Device device = PretrainRun.device(setup.recipe(), ranks);
      DType dtype = run.dtype(device, () -> TrainedType.of(setup, device, logs::note));
      try (var model = Pretrained.load(teacher, device, dtype)) {
        Path work = run.path().resolve("capturing");
        interruption.loopBegins();
        if (new Capture(model, batches.rows(), corpus.tokenizer(), recipe.settings(), work).run(logs::note, interruption::isAsked)) {
          AtomicFolder.rename(work, run.left());
        }
      }
    }
  }
}
