package org.jtorch.recipes.pretrain;

import java.io.IOException;
import java.nio.file.Files;
import java.util.function.Supplier;
import org.jtorch.data.TextFile;
import org.jtorch.decoder.CausalLm;
import org.jtorch.eval.ModelScorer;
import org.jtorch.eval.PromptEncoder;
import org.jtorch.eval.needle.NeedleResult;
import org.jtorch.eval.needle.NeedleText;
import org.jtorch.io.DataException;
import org.jtorch.longcontext.LongContext;
import org.jtorch.longcontext.NeedleContext;
import org.jtorch.recipes.report.HeatMap;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.text.Tokenizer;

/// The needles of an `extend` run, and their picture in its report.
final class Needles implements LongContext {
  /// Characters of a haystack: more than instances need to differ.
  private static final int HAYSTACK = 400_000;
  private static final int WIDTH = 520;
  private static final int HEIGHT = 360;

  private final RunFolder run;
  private final NeedleContext context;

  Needles(ExtendRecipe recipe, Corpus corpus, RunFolder run, Supplier<CausalLm> model) {
    this.run = run;
    var source = source(recipe, corpus.tokenizer(), corpus.eosId(), haystack(recipe, corpus));
    this.context = new NeedleContext(() -> new ModelScorer(model.get()), recipe.grid(), source, recipe.needle().how(), this::draw);
  }

  /// Checks that there is room for needle, question and answer.
  ///
  /// @param eos begins a text where the tokenizer has nothing else
  /// @throws IllegalArgumentException if a haystack is too short for them
  static void check(ExtendRecipe recipe, Tokenizer tokenizer, long eos) {
    int shortest = source(recipe, tokenizer, eos, ".").shortest();
    recipe.grid().lengths().stream().filter(n -> n < shortest).findFirst().ifPresent(n -> {
      throw new IllegalArgumentException("`needle.lengths` holds " + n + " tokens, but needle, question and answer alone have up to "
          + shortest + "; give lengths of more, or a shorter needle");
    });
  }

  private static NeedleText source(ExtendRecipe recipe, Tokenizer tokenizer, long eos, String haystack) {
    var needle = recipe.needle();
    return new NeedleText(new PromptEncoder(tokenizer, true, eos), haystack, needle.needle(), needle.question(), needle.answers());
  }

  private static String haystack(ExtendRecipe recipe, Corpus corpus) {
    var path = recipe.needle().haystack();
    if (path != null) {
      return TextFile.read(path).text();
    }
    String text = corpus.validationText(HAYSTACK);
    return text.isBlank() ? "." : text;
  }

  @Override public Found find(int length) {
    return context.find(length);
  }

  /// The picture of the length that was asked about last; earlier lengths keep theirs.
  private void draw(NeedleResult result) {
    var grid = result.grid();
    var picture = new HeatMap("needles up to " + grid.longest() + " tokens", "% found", "tokens",
        grid.lengths().stream().map(n -> Integer.toString(n)).toList(), "depth", grid.depths().stream().map(d -> d + "%").toList(),
        result.byDepth());
    try {
      Files.createDirectories(run.figures());
    } catch (IOException e) {
      throw DataException.cannotWrite(run.figures(), e);
    }
    RunFolder.write(run.figures().resolve("needles-%08d.svg".formatted(grid.longest())), picture.inline(WIDTH, HEIGHT));
  }
}
