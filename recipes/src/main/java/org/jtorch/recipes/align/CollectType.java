package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.committee.Committee;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.report.ResultsPage;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;

/// `type: collect`.
public final class CollectType implements RecipeType {
  private static final String LEFT = "judgements";

  @Override public String name() {
    return "collect";
  }

  @Override public Class<? extends Record> recordType() {
    return CollectRecipe.class;
  }

  @Override public List<String> problems(Object recipe, Artifacts known) {
    var collect = (CollectRecipe) recipe;
    var problems = new ArrayList<>(new MembersPlan(collect, known).problems());
    if (problems.isEmpty() && Voices.of(collect, known).voices().size() < 2) {
      problems.add("`members` are " + collect.members() + ", one model, but a pair is of answers of two; name another, e.g. [sft, dpo]");
    }
    return problems;
  }

  @Override public Artifact leaves(Object value, Path path, Artifacts known) {
    var recipe = (CollectRecipe) value;
    Path left = path.resolve(LEFT);
    return new Artifact.Chats(left, recipe.prompts().count(known, _ -> { }));
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    return new MembersPlan((CollectRecipe) loaded.bound().value(), known).print(out);
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (CollectRecipe) loaded.bound().value();
    return RecipeRun.execute(loaded.bound(), new RunFolder(RecipeRun.folder(args, recipe.name()), LEFT), recipe.metrics(), args,
        (run, logs, interruption) -> new MembersRun(recipe, args, run, logs, interruption).execute(new Collecting(recipe)));
  }

  private record Collecting(CollectRecipe recipe) implements MembersRun.Work {
    @Override public List<List<Prompt>> asked(int members, List<Prompt> prompts) {
      return Committee.asked(members, prompts, recipe.seed());
    }

    @Override public MembersRun.@Nullable Outcome of(Committee committee, List<Prompt> prompts, Path into) {
      return committee.collect(prompts, recipe.levels().levels(), recipe.seed(), into).map(CollectType::outcome).orElse(null);
    }
  }

  private static MembersRun.Outcome outcome(Committee.Tally tally) {
    var figures = new LinkedHashMap<String, Double>();
    figures.put("pairs", (double) tally.pairs());
    figures.put("alike", (double) tally.alike());
    figures.put("silent", (double) tally.silent());
    var rows = new ArrayList<List<String>>();
    rows.add(List.of("level", "pairs"));
    tally.levels().forEach((level, count) -> {
      figures.put(level.name().toLowerCase(Locale.ROOT), (double) count);
      rows.add(List.of(level.words(), Integer.toString(count)));
    });
    String note = "%d pairs; %d prompts whose answers are alike and %d without two answers are left out".formatted(tally.pairs(), tally.alike(),
        tally.silent());
    return new MembersRun.Outcome(figures, new ResultsPage().table("How clear the pairs are", rows).part(), note);
  }
}
