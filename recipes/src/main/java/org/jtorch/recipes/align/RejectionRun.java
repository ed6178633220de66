package org.jtorch.recipes.align;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.sampling.RejectionSampling;
import org.jtorch.align.sampling.SampleFiles;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.observe.RunStart;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.pretrain.TrainedType;
import org.jtorch.recipes.run.Interruption;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunLogs;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.TensorScope;

/// One run of a `rejection-sampling` recipe: prompts, a model that answers, rewards that judge. Of several processes the first does it all.
///
/// A step is a batch of prompts, whose answers and reasons are on the disk when the next begins.
record RejectionRun(RejectionRecipe recipe, RunArgs args, RunFolder run, RunLogs logs, Interruption interruption) {
  /// True if every prompt is done; false if it was asked to stop.
  boolean execute() {
    return args.ranks().afterFirst(() -> {
      if (args.ranks().isFirst() && !Files.exists(run.left())) {
        sample();
      }
      return Files.exists(run.left());
    });
  }

  private void sample() {
    Path from = args.known().model(recipe.from()).folder();
    Device device = Device.parse(recipe.device());
    DType dtype = run.dtype(device, () -> TrainedType.of(recipe.dtype(), from, device, logs::note));
    var site = new Rewards.Site(args.known(), device);
    try (var chats = ChatModel.open(from, recipe.prompts().template()); var rewards = Rewards.open(recipe.rewards(), site);
        var checkers = Rewards.open(recipe.keep().rewards(), site)) {
      var prompts = recipe.prompts().read(chats, logs::note);
      try (var model = Pretrained.load(from, device, dtype)) {
        sample(model, chats, rewards, checkers, prompts);
      }
    }
  }

  private void sample(Decoder model, ChatModel chats, Rewards rewards, Rewards checkers, List<Prompt> prompts) {
    Path work = run.path().resolve("sampling");
    var drawing = recipe.draw().drawing(Set.copyOf(chats.stops()), recipe.seed());
    var sampling = new RejectionSampling(model, recipe.prompts().encoder(chats), rewards.sum(), recipe.keep().criteria(checkers), drawing);
    boolean done;
    try (var files = SampleFiles.open(work, recipe.keep().pairs())) {
      long begun = files.begin(drawing.batch(), prompts.size());
      long steps = sampling.batches(prompts.size());
      interruption.loopBegins();
      var log = logs.open(begun);
      log.onStart(new RunStart(recipe.name(), steps, begun, model.parameterCount(), 2.0 * model.config().parameterCount(), 0));
      done = sampling.run(prompts, files, progress(log, steps), interruption::isAsked);
    }
    if (done) {
      AtomicFolder.rename(work, run.left());
      logs.note("%d of %d prompts have an answer that is kept".formatted(SampleFiles.rows(run.left()), prompts.size()));
    }
  }

  private static RejectionSampling.Progress progress(StepListener log, long steps) {
    return (batch, tokens, seconds, figures) -> log.onStep(new StepEvent(batch, steps, Double.NaN, Double.NaN, Double.NaN, tokens, seconds, false,
        TensorScope.stats().live(), 0, 0, 0, figures));
  }
}
