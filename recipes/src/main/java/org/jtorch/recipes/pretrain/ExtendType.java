package org.jtorch.recipes.pretrain;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.family.Pretrained;
import org.jtorch.observe.Units;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.text.Tokenizer;

/// `type: extend`.
public final class ExtendType implements RecipeType {
  private static final PretrainType TEXT = new PretrainType();

  @Override public String name() {
    return "extend";
  }

  @Override public Class<? extends Record> recordType() {
    return ExtendRecipe.class;
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var recipe = (ExtendRecipe) value;
    var problems = new ArrayList<>(TEXT.problems(recipe.before(), known));
    for (int i = 0; i < recipe.ladder().size() && problems.isEmpty(); i++) {
      String place = "`ladder[" + i + "]` ";
      new Parts(new Setup(recipe.at(recipe.ladder().get(i), 1), known)).problems().forEach(p -> problems.add(place + p));
    }
    int longest = recipe.ladder().getLast().length();
    recipe.grid().lengths().stream().filter(n -> n > longest).findFirst().ifPresent(n -> problems.add("`needle.lengths` holds " + n
        + ", but the ladder ends at " + longest + "; ask for at most that many tokens"));
    Path haystack = recipe.needle().haystack();
    if (haystack != null && !Files.isRegularFile(haystack)) {
      problems.add("`needle.haystack` file not found: " + haystack);
    }
    if (problems.isEmpty()) {
      needles(recipe, known, problems);
      problems.addAll(text(recipe, known));
    }
    return problems;
  }

  /// Of a model that an earlier stage is still to leave the run says it before it trains.
  private static void needles(ExtendRecipe recipe, Artifacts known, List<String> problems) {
    var from = known.model(recipe.from());
    if (Files.isDirectory(from.folder())) {
      try (var tokenizer = Tokenizer.load(from.folder())) {
        Needles.check(recipe, tokenizer, tokenizer.requireId(from.eos()));
      } catch (IllegalArgumentException e) {
        problems.add(String.valueOf(e.getMessage()));
      }
    }
  }

  /// What prepared text cannot fill; of other text the run says it before it trains.
  private static List<String> text(ExtendRecipe recipe, Artifacts known) {
    var setup = new Setup(recipe.before(), known);
    var tokens = setup.tokens();
    Path cache = recipe.data().cache();
    Path folder = tokens != null ? tokens.folder() : cache == null ? null : CorpusFolder.cached(setup, cache);
    if (folder == null || !PreparedCorpus.isIn(folder)) {
      return List.of();
    }
    try (var corpus = PreparedCorpus.open(folder)) {
      return LongRows.problems(recipe, corpus);
    }
  }

  @Override public List<String> obstacles(Object value) {
    return TEXT.obstacles(((ExtendRecipe) value).before());
  }

  /// Before it has run, a model of the longest length; then what it came to.
  @Override public Artifact leaves(Object value, Path folder, Artifacts known) {
    var recipe = (ExtendRecipe) value;
    var setup = new Setup(recipe.at(recipe.ladder().getLast(), 1), known);
    var run = new RunFolder(folder);
    int vocab = setup.vocab();
    var shape = Files.isDirectory(run.model()) ? Pretrained.config(run.model()) : Shapes.of(setup, vocab);
    return new Artifact.Model(run.model(), shape, vocab, setup.eos(), run.checkpoints());
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (ExtendRecipe) loaded.bound().value();
    long parameters = 0;
    double bytes = 0;
    double tokens = 0;
    double seconds = 0;
    for (var length : recipe.ladder()) {
      Plan.line(out, "length", "%,d tokens, %,d steps of training at most, judged every %,d", length.length(), recipe.mostSteps(),
          recipe.gate().chunk() / recipe.train().batchTokens());
      var figures = new Plan(new Setup(recipe.at(length, recipe.mostSteps()), known)).print(out);
      parameters = figures.parameters();
      bytes = Math.max(bytes, figures.bytes());
      tokens += figures.tokens();
      seconds += figures.seconds();
    }
    var grid = recipe.grid();
    Plan.line(out, "needles", "%,d haystacks of up to %,d tokens at the last length", grid.size(), grid.longest());
    Plan.line(out, "in all", "at most %s tokens in about %s, evaluations aside", Units.count(tokens), Units.time(seconds));
    out.flush();
    return new PlanFigures(parameters, bytes, tokens, seconds);
  }

  @Override public int prepare(Recipes.Loaded loaded, @Nullable Path folder, PrintWriter out) {
    PrepareText.run(new Setup(((ExtendRecipe) loaded.bound().value()).before(), Artifacts.FOLDERS), folder, out);
    return ExitCodes.DONE;
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var bound = bound(loaded.bound());
    var recipe = bound.value();
    return RecipeRun.execute(bound, recipe.name(), recipe.metrics(), args,
        (run, logs, interruption) -> new ExtendRun(recipe, args, run, logs, interruption).execute());
  }

  @SuppressWarnings("unchecked")        // the recipe was bound to recordType()
  private static Bound<ExtendRecipe> bound(Bound<? extends Record> any) {
    return (Bound<ExtendRecipe>) any;
  }
}
