package org.jtorch.recipes.pretrain;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jtorch.corpus.CorpusSpec;
import org.jtorch.corpus.HeldOut;
import org.jtorch.corpus.Preparation;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.corpus.TokenizerOrigin;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.pretrain.PretrainRecipe.TokenizerConfig;
import org.jtorch.recipes.run.BriefRun;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.text.Tokenizer;

/// `type: prepare`.
public final class PrepareType implements RecipeType {
  /// Where it works until it has finished; a preparation that was cut off goes on there.
  private static final String WORK = "preparing";

  @Override public String name() {
    return "prepare";
  }

  @Override public Class<? extends Record> recordType() {
    return PrepareRecipe.class;
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var recipe = (PrepareRecipe) value;
    var problems = new ArrayList<String>();
    SourceConfig.parts(recipe.source()).forEach(part -> DataProblems.files(problems, "source", part.source()));
    if (recipe.tokenizer() instanceof TokenizerConfig.File(Path path, _) && !Files.exists(path)) {
      problems.add("`tokenizer.path` file not found: " + path);
    }
    if (recipe.tokenizerOf() != null) {
      try {
        var _ = given(recipe, known);
      } catch (IllegalArgumentException | DataException e) {
        problems.add("`tokenizer_of` " + e.getMessage());
      }
    }
    return problems;
  }

  @Override public Artifact leaves(Object value, Path folder, Artifacts known) {
    var recipe = (PrepareRecipe) value;
    Path data = new RunFolder(folder).data();
    return switch (recipe.tokenizer()) {
      case TokenizerConfig.Train t -> new Artifact.Data(data, t.vocabSize(), TokenizerConfig.EOS);
      case TokenizerConfig.File(Path path, String eos) -> {
        try (var tokenizer = Tokenizer.load(path)) {
          yield new Artifact.Data(data, tokenizer.vocabSize(), eos);
        }
      }
      case null -> {
        var given = given(recipe, known);
        yield new Artifact.Data(data, given.tokens(), given.eos());
      }
    };
  }

  /// Another stage's or folder's tokenizer.
  ///
  /// @param path where it lies, or will lie
  private record Given(Path path, int tokens, String eos) {}

  private static Given given(PrepareRecipe recipe, Artifacts known) {
    return switch (known.find(Objects.requireNonNull(recipe.tokenizerOf(), "the recipe was checked"))) {
      case Artifact.Data(Path folder, int tokens, String eos) -> new Given(folder.resolve("tokenizer"), tokens, eos);
      case Artifact.Model model -> new Given(model.folder(), model.tokens(), model.eos());
      case Artifact other -> throw new IllegalArgumentException("\"" + recipe.tokenizerOf() + "\" is a " + other.kind()
          + ", but a data set or a model is needed here");
    };
  }

  private static CorpusSpec spec(PrepareRecipe recipe, Artifacts known) {
    var origin = switch (recipe.tokenizer()) {
      case TokenizerConfig config -> config.origin();
      case null -> {
        var given = given(recipe, known);
        yield new TokenizerOrigin.Given(given.path(), given.eos());
      }
    };
    return new CorpusSpec(SourceConfig.parts(recipe.source()), origin, new HeldOut.Share(recipe.heldOut(), recipe.heldOutBytes()), null);
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (PrepareRecipe) loaded.bound().value();
    SourceConfig.parts(recipe.source()).forEach(part -> out.println("text        " + part.source().describe()));
    return PlanFigures.NOTHING;
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (PrepareRecipe) loaded.bound().value();
    return BriefRun.execute(loaded.bound(), recipe.name(), Path.of("data"), args, (run, note) -> {
      Path work = run.path().resolve(WORK);
      var _ = new Preparation(spec(recipe, args.known()), work).run(note, () -> false);
      AtomicFolder.rename(work, run.data());
      try (var corpus = PreparedCorpus.open(run.data())) {
        note.accept("%,d tokens for training, %,d for validation".formatted(
            corpus.sources().stream().mapToLong(source -> source.tokens().tokens()).sum(), corpus.validation().tokens()));
      }
    });
  }
}
