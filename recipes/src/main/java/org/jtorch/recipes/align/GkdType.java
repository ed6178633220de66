package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.io.DataException;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.pretrain.TeacherTokenizer;
import org.jtorch.recipes.report.ShownRow;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.text.Tokenizer;

/// `type: gkd`.
public final class GkdType implements RecipeType {
  @Override public String name() {
    return "gkd";
  }

  @Override public Class<? extends Record> recordType() {
    return GkdRecipe.class;
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var recipe = (GkdRecipe) value;
    var problems = ChatProblems.of(recipe, known);
    if (problems.isEmpty()) {
      try {
        teacher(recipe, known, problems);
      } catch (IllegalArgumentException | DataException e) {
        problems.add("`teacher` " + e.getMessage());
      }
    }
    return problems;
  }

  private static void teacher(GkdRecipe recipe, Artifacts known, List<String> problems) {
    var student = known.model(recipe.from());
    var teacher = known.model(recipe.teacher());
    if (recipe.chats().maxTokens() > teacher.shape().maxPositions() && !teacher.shape().growsWithLength()) {
      problems.add("`teacher` allows " + teacher.shape().maxPositions() + " positions, but `chats.max_tokens` is " + recipe.chats().maxTokens());
    }
    if (Files.isDirectory(student.folder()) && Files.isDirectory(teacher.folder())) {
      try (var tokenizer = Tokenizer.load(student.folder())) {
        TeacherTokenizer.require(tokenizer, teacher.folder());
      }
    } else if (student.tokens() != teacher.tokens()) {                 // all that is known before an earlier stage has run
      problems.add("`teacher` has a tokenizer of " + teacher.tokens() + " tokens, and the student's has " + student.tokens()
          + "; they must be the same");
    }
  }

  @Override public Artifact leaves(Object recipe, Path folder, Artifacts known) {
    return ChatStages.leaves((GkdRecipe) recipe, folder, known);
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    return new ChatPlan((GkdRecipe) loaded.bound().value(), known, 1, 2).print(out);
  }

  @Override public List<ShownRow> rows(Recipes.Loaded loaded, Artifacts known, int count) {
    return ChatRows.of((GkdRecipe) loaded.bound().value(), known, count);
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (GkdRecipe) loaded.bound().value();
    return RecipeRun.execute(loaded.bound(), recipe.name(), recipe.metrics(), args, (run, logs, interruption) -> {
      var loop = new ChatLoop(recipe, args.known(), run, logs, interruption, args.ranks());
      return loop.execute(chats -> new GkdJob(recipe, loop, chats));
    });
  }
}
