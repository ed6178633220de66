package org.jtorch.recipes.score;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.data.RowSource;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.run.BriefRun;
import org.jtorch.recipes.score.ScoreRecipe.Way;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// `type: score`.
public final class ScoreType implements RecipeType {
  @Override public String name() {
    return "score";
  }

  @Override public Class<? extends Record> recordType() {
    return ScoreRecipe.class;
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var recipe = (ScoreRecipe) value;
    var problems = new ArrayList<String>();
    DecoderConfig shape = null;
    try {
      shape = known.model(recipe.model()).shape();
    } catch (IllegalArgumentException | DataException e) {
      problems.add("`model` " + e.getMessage());
    }
    try {
      int tokens = known.data(recipe.text()).tokens();
      if (shape != null && tokens > shape.vocab()) {
        problems.add("`text` has a tokenizer of " + tokens + " tokens but the model has " + shape.vocab() + " rows; use the model's own");
      }
    } catch (IllegalArgumentException | DataException e) {
      problems.add("`text` " + e.getMessage());
    }
    if (shape != null) {
      DecoderConfig model = shape;
      recipe.ways().forEach((name, way) -> way(recipe, name, way, model, problems));
    }
    return problems;
  }

  private static void way(ScoreRecipe recipe, String name, Way way, DecoderConfig model, List<String> problems) {
    try {
      var _ = Shape.of(model, way, length(recipe, way));
      if (from(recipe, way) >= length(recipe, way)) {
        throw new IllegalArgumentException("`from` is " + from(recipe, way) + ", beyond rows of " + length(recipe, way) + " tokens");
      }
    } catch (IllegalArgumentException e) {
      problems.add("`ways." + name + "` " + e.getMessage());
    }
  }

  private static int length(ScoreRecipe recipe, Way way) {
    return way.seqLen() == null ? recipe.seqLen() : way.seqLen();
  }

  private static int from(ScoreRecipe recipe, Way way) {
    return way.from() == null ? recipe.from() : way.from();
  }

  @Override public Artifact leaves(Object value, Path folder, Artifacts known) {
    return new Artifact.Results(Results.folder(folder));
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (ScoreRecipe) loaded.bound().value();
    out.println("ways        " + String.join(", ", recipe.ways().keySet()));
    return PlanFigures.NOTHING;
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (ScoreRecipe) loaded.bound().value();
    return BriefRun.execute(loaded.bound(), recipe.name(), Path.of("results"), args,
        (run, note) -> score(recipe, args.known(), note).write(run.path()));
  }

  private static Results score(ScoreRecipe recipe, Artifacts known, Consumer<String> note) {
    long began = System.nanoTime();
    var folder = known.model(recipe.model()).folder();
    var figures = new LinkedHashMap<String, Double>();
    try (var corpus = PreparedCorpus.open(known.data(recipe.text()).folder())) {
      recipe.ways().forEach((name, way) -> {
        double loss = loss(recipe, way, folder, corpus);
        figures.put(name + ".loss", loss);
        figures.put(name + ".perplexity", Math.exp(loss));
        note.accept(String.format(Locale.ROOT, "%s: loss %.4f, perplexity %.3f", name, loss, Math.exp(loss)));
      });
    }
    try (var model = Pretrained.load(folder, Device.CPU, DType.F32)) {
      figures.putAll(ExpertSimilarity.of(model));
    }
    return new Results(figures, (System.nanoTime() - began) / 1e9);
  }

  private static double loss(ScoreRecipe recipe, Way way, Path folder, PreparedCorpus corpus) {
    int length = length(recipe, way);
    var rows = switch (recipe.rows()) {
      case STREAM -> RowSource.unmasked(RowSource.concatenated(corpus.validation(), length));
      case PACKED -> RowSource.packed(corpus.validation(), length);
      case DOCUMENTS -> RowSource.documents(corpus.validation(), length, null);
    };
    var shape = Shape.of(Pretrained.config(folder), way, length);
    try (var model = Pretrained.load(shape, folder, Device.parse(recipe.device()), null)) {
      return new Scoring(rows, from(recipe, way), recipe.limit(), recipe.batch()).loss(model);
    }
  }
}
