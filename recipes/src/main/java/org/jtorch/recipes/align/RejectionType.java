package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jtorch.io.DataException;
import org.jtorch.observe.Units;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.plan.Workload;
import org.jtorch.recipes.pretrain.MachineSpeed;
import org.jtorch.recipes.pretrain.TrainedType;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// `type: rejection-sampling`.
public final class RejectionType implements RecipeType {
  @Override public String name() {
    return "rejection-sampling";
  }

  @Override public Class<? extends Record> recordType() {
    return RejectionRecipe.class;
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var recipe = (RejectionRecipe) value;
    var problems = new ArrayList<>(recipe.prompts().problems("prompts", known));
    try {
      model(recipe.prompts(), recipe.draw(), known.model(recipe.from()), problems);
    } catch (IllegalArgumentException | DataException e) {
      problems.add("`from` " + e.getMessage());
    }
    problems.addAll(Rewards.problems("rewards", recipe.rewards(), known));
    if (!recipe.keep().checkers().isEmpty()) {
      Rewards.problems("keep.checkers", recipe.keep().rewards(), known).forEach(p -> problems.add(p.replaceFirst("(\\[\\d+])", "$1.reward")));
    }
    ChatProblems.machine(recipe.device(), recipe.dtype(), problems);
    return problems;
  }

  /// What keeps a model from answering prompts.
  static void model(PromptsConfig prompts, DrawConfig draw, Artifact.Model from, List<String> problems) {
    long longest = (long) prompts.maxTokens() + draw.newTokens();
    if (longest > from.shape().maxPositions() && !from.shape().growsWithLength()) {
      problems.add("`prompts.max_tokens` (" + prompts.maxTokens() + ") and `draw.new_tokens` (" + draw.newTokens()
          + ") are together longer than the model allows (max_positions: " + from.shape().maxPositions() + ")");
    }
    if (Files.isDirectory(from.folder()) && problems.isEmpty()) {       // else an earlier stage has still to make it
      try (var chats = ChatModel.open(from.folder(), prompts.template())) {
        prompts.encoder(chats).requireGenerationPrompt();
      } catch (IllegalArgumentException | DataException e) {
        problems.add("`prompts.template` " + e.getMessage());
      }
    }
  }

  private static RunFolder folder(Path path) {
    return new RunFolder(path, "answers");
  }

  @Override public Artifact leaves(Object value, Path path, Artifacts known) {
    var recipe = (RejectionRecipe) value;
    Path left = folder(path).left();
    return Files.isDirectory(left) ? Artifacts.answersIn(left) : new Artifact.Chats(left, recipe.prompts().count(known, _ -> { }), true, recipe.keep().pairs());
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (RejectionRecipe) loaded.bound().value();
    var from = known.model(recipe.from());
    Device device = Device.parse(recipe.device());
    DType dtype = TrainedType.of(recipe.dtype(), Files.isDirectory(from.folder()) ? from.folder() : null, device, note -> line(out, "", note));
    var draw = recipe.draw();
    line(out, "model", "%s, %,d parameters, from %s".formatted(from.shape().family(), from.shape().parameterCount(), recipe.from()));
    long prompts = recipe.prompts().count(known, each -> line(out, "prompts", each));
    double answers = (double) prompts * draw.systems().size() * draw.answers();
    double tokens = answers * draw.newTokens() + (double) prompts * draw.systems().size() * recipe.prompts().maxTokens();
    line(out, "answers", String.format(Locale.ROOT, "%,.0f: %d to each prompt in each of %d rounds; at most %,.0f tokens", answers, draw.answers(),
        draw.systems().size(), tokens));
    var work = new Workload(from.shape(), device, dtype, draw.batch() * draw.answers(), draw.newTokens() + recipe.prompts().maxTokens(), 1, false, 0, true);
    double seconds = tokens / work.tokens() * work.forwardFlops() / MachineSpeed.flops(device, dtype);
    double bytes = (double) from.shape().parameterCount() * dtype.bytes();
    line(out, "time", "at least " + Units.time(seconds) + " by the matrix products alone, rewards aside");
    return new PlanFigures(from.shape().parameterCount(), bytes, tokens, seconds);
  }

  private static void line(PrintWriter out, String what, String text) {
    out.println("%-10s  %s".formatted(what, text));
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (RejectionRecipe) loaded.bound().value();
    return RecipeRun.execute(loaded.bound(), folder(RecipeRun.folder(args, recipe.name())), recipe.metrics(), args,
        (run, logs, interruption) -> new RejectionRun(recipe, args, run, logs, interruption).execute());
  }
}
