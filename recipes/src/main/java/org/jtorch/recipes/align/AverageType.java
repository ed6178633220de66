package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.merge.FolderMerge;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.run.BriefRun;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.SetAside;
import org.jtorch.recipes.score.Results;

/// `type: average`.
public final class AverageType implements RecipeType {
  @Override public String name() {
    return "average";
  }

  @Override public Class<? extends Record> recordType() {
    return AverageRecipe.class;
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var recipe = (AverageRecipe) value;
    var problems = new ArrayList<String>();
    Artifact first = null;
    for (int i = 0; i < recipe.models().size(); i++) {
      try {
        var each = known.find(recipe.models().get(i));
        String problem = problem(each, first);
        first = first == null ? each : first;
        if (problem != null) {
          problems.add("`models[" + i + "]` " + problem);
        }
      } catch (IllegalArgumentException | DataException e) {
        problems.add("`models[" + i + "]` " + e.getMessage());
      }
    }
    if (recipe.text() != null) {
      text(recipe, known, first, problems);
    }
    recipe.tests().forEach((name, test) -> test.problems("tests." + name, known, problems));
    return problems;
  }

  private static @Nullable String problem(Artifact each, @Nullable Artifact first) {
    DecoderConfig shape = shape(each);
    if (shape == null) {
      return "is a " + each.kind() + ", but a model or a reward model is needed here";
    }
    if (first == null) {
      return null;
    }
    if (!each.kind().equals(first.kind())) {
      return "is a " + each.kind() + ", and the first is a " + first.kind() + "; only models of one kind have an average";
    }
    return shape.equals(shape(first)) ? null : "has another shape than the first; models with an average begin from one model";
  }

  private static @Nullable DecoderConfig shape(Artifact artifact) {
    return switch (artifact) {
      case Artifact.Model model -> model.shape();
      case Artifact.RewardModel model -> model.shape();
      default -> null;
    };
  }

  private static void text(AverageRecipe recipe, Artifacts known, @Nullable Artifact first, List<String> problems) {
    try {
      var _ = known.data(Objects.requireNonNull(recipe.text()));
    } catch (IllegalArgumentException | DataException e) {
      problems.add("`text` " + e.getMessage());
    }
    if (first instanceof Artifact.RewardModel) {
      problems.add("`text` is for language models; of reward models `tests` compare rankings");
    }
  }

  @Override public Artifact leaves(Object value, Path folder, Artifacts known) {
    var recipe = (AverageRecipe) value;
    Path model = new RunFolder(folder).model();
    return switch (known.find(recipe.models().getFirst())) {
      case Artifact.RewardModel m -> new Artifact.RewardModel(model, m.shape(), m.tokens(), m.eos());
      case Artifact.Model m -> new Artifact.Model(model, m.shape(), m.tokens(), m.eos(), null);
      case Artifact other -> throw new IllegalArgumentException("a " + other.kind() + " has no average");
    };
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (AverageRecipe) loaded.bound().value();
    var shape = shape(known.find(recipe.models().getFirst()));
    out.println("average     of " + recipe.models().size() + " models, in float32, one weight of each at a time");
    return new PlanFigures(shape == null ? 0 : shape.parameterCount(), 0, 0, 0);
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (AverageRecipe) loaded.bound().value();
    return BriefRun.execute(loaded.bound(), recipe.name(), Path.of("model"), args, (run, note) -> average(recipe, args.known(), run, note));
  }

  /// The average comes to its place when it is compared, so that a killed run begins again.
  private static void average(AverageRecipe recipe, Artifacts known, RunFolder run, Consumer<String> note) {
    long began = System.nanoTime();
    Path work = run.path().resolve("averaged");
    if (Files.exists(work)) {
      SetAside.next(run).move(work);
    }
    var members = recipe.models().stream().map(m -> known.find(m).folder()).toList();
    new FolderMerge(recipe.method(), members, null, false).write(work, null);
    var figures = new LinkedHashMap<String, Double>();
    for (var exam : Exam.of(recipe, known, note)) {
      var result = exam.take(work, members);
      figures.putAll(result.figures());
      note.accept(result.helped());
    }
    if (!figures.isEmpty() && !Results.isIn(run.path())) {
      new Results(figures, (System.nanoTime() - began) / 1e9).write(run.path());
    }
    AtomicFolder.rename(work, run.model());
    note.accept(String.format(Locale.ROOT, "the average of %d models: %s", members.size(), run.model()));
  }
}
