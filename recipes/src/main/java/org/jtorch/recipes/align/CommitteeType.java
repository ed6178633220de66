package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.committee.Committee;
import org.jtorch.align.committee.WhoWon;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.report.ResultsPage;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;

/// `type: committee`.
public final class CommitteeType implements RecipeType {
  private static final String LEFT = "answers";

  @Override public String name() {
    return "committee";
  }

  @Override public Class<? extends Record> recordType() {
    return CommitteeRecipe.class;
  }

  @Override public List<String> problems(Object recipe, Artifacts known) {
    return new MembersPlan((CommitteeRecipe) recipe, known).problems();
  }

  @Override public Artifact leaves(Object value, Path path, Artifacts known) {
    var recipe = (CommitteeRecipe) value;
    Path left = path.resolve(LEFT);
    return Files.isDirectory(left) ? Artifacts.answersIn(left) : new Artifact.Chats(left, recipe.prompts().count(known, _ -> { }), true, false);
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    return new MembersPlan((CommitteeRecipe) loaded.bound().value(), known).print(out);
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (CommitteeRecipe) loaded.bound().value();
    return RecipeRun.execute(loaded.bound(), new RunFolder(RecipeRun.folder(args, recipe.name()), LEFT), recipe.metrics(), args,
        (run, logs, interruption) -> new MembersRun(recipe, args, run, logs, interruption).execute(new Distilling()));
  }

  private static final class Distilling implements MembersRun.Work {
    @Override public List<List<Prompt>> asked(int members, List<Prompt> prompts) {
      return Collections.nCopies(members, prompts);
    }

    @Override public MembersRun.@Nullable Outcome of(Committee committee, List<Prompt> prompts, Path into) {
      return committee.distil(prompts, into).map(won -> new MembersRun.Outcome(won.figures(), table(won), note(won))).orElse(null);
    }
  }

  private static String note(WhoWon won) {
    return "%d of %d prompts have an answer that is kept; its mean reward is %s, and %s for the best member alone".formatted(won.kept(),
        won.winners().size(), number(won.reward()), number(won.figures().getOrDefault("best_member", Double.NaN)));
  }

  private static String table(WhoWon won) {
    var rows = new ArrayList<List<String>>();
    rows.add(List.of("member", "prompts won", "mean reward of its best answers", "of all its answers"));
    for (int m = 0; m < won.members().size(); m++) {
      var score = won.scores().get(m);
      rows.add(List.of(won.members().get(m), String.format(Locale.ROOT, "%.1f %%", 100 * score.won()), number(score.best()), number(score.mean())));
    }
    rows.add(List.of("the committee", "", number(won.reward()), ""));
    return new ResultsPage().table("Who won where", rows).part();
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "unknown" : String.format(Locale.ROOT, "%.4f", value);
  }
}
