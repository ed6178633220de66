package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.committee.Candidates;
import org.jtorch.align.committee.Committee;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.io.AtomicFolder;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.ChosenFile;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.report.ResultsPage;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;

/// `type: choose`.
public final class ChooseType implements RecipeType {
  private static final String LEFT = "chosen";

  @Override public String name() {
    return "choose";
  }

  @Override public Class<? extends Record> recordType() {
    return ChooseRecipe.class;
  }

  @Override public List<String> problems(Object recipe, Artifacts known) {
    return new MembersPlan((ChooseRecipe) recipe, known).problems();
  }

  @Override public Artifact leaves(Object value, Path path, Artifacts known) {
    var recipe = (ChooseRecipe) value;
    Path left = path.resolve(LEFT);
    if (ChosenFile.isIn(left)) {
      return ChosenFile.read(left);
    }
    return new Artifact.Chosen(left, Voices.of(recipe, known).voices().stream().map(Voices.Voice::model).limit(recipe.best()).toList());
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    return new MembersPlan((ChooseRecipe) loaded.bound().value(), known).print(out);
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (ChooseRecipe) loaded.bound().value();
    return RecipeRun.execute(loaded.bound(), new RunFolder(RecipeRun.folder(args, recipe.name()), LEFT), recipe.metrics(), args,
        (run, logs, interruption) -> new MembersRun(recipe, args, run, logs, interruption).execute(new Choosing(recipe, Voices.of(recipe, args.known()), run.left())));
  }

  private record Choosing(ChooseRecipe recipe, Voices voices, Path left) implements MembersRun.Work {
    @Override public List<List<Prompt>> asked(int members, List<Prompt> prompts) {
      return Collections.nCopies(members, prompts);
    }

    @Override public MembersRun.@Nullable Outcome of(Committee committee, List<Prompt> prompts, Path into) {
      var said = committee.answers(asked(voices.voices().size(), prompts));
      return said.isEmpty() ? null : chosen(new Candidates(said), into);
    }

    private MembersRun.Outcome chosen(Candidates candidates, Path into) {
      double[] rewards = candidates.rewards(recipe.by());
      var ranks = candidates.best(recipe.by(), rewards.length);
      var best = ranks.subList(0, Math.min(recipe.best(), ranks.size()));
      var figures = new LinkedHashMap<String, Double>();
      var rows = new ArrayList<List<String>>();
      rows.add(List.of("candidate", "mean reward", "of its best answers", "chosen"));
      for (int m : ranks) {
        figures.put("reward." + voices.names().get(m), rewards[m]);
        rows.add(List.of(voices.names().get(m), number(candidates.rewards(Candidates.By.MEAN)[m]), number(candidates.rewards(Candidates.By.BEST)[m]),
            best.contains(m) ? "yes" : ""));
      }
      figures.values().removeIf(v -> !Double.isFinite(v));
      var members = best.stream().map(m -> new ChosenFile.Member(voices.names().get(m), voices.voices().get(m).model().folder(), rewards[m])).toList();
      AtomicFolder.publish(into, files -> ChosenFile.write(files, left, members));
      String note = "chosen: " + best.stream().map(m -> voices.names().get(m) + " (" + number(rewards[m]) + ")").collect(Collectors.joining(", "));
      return new MembersRun.Outcome(figures, new ResultsPage().table("Who is chosen", rows).part(), note);
    }
  }

  private static String number(double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%.4f", value) : "unknown";
  }
}
