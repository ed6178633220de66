package org.jtorch.recipes.pretrain;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.corpus.Preparation;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.observe.Units;
import org.jtorch.recipes.run.Interruption;

/// `jtorch data prepare` for a recipe.
final class PrepareText {
  private PrepareText() {}

  /// @param out the folder, or null for the recipe's own choice
  /// @throws IllegalArgumentException if the recipe has no text, or the folder holds that of another
  static void run(Setup setup, @Nullable Path out, PrintWriter print) {
    var recipe = setup.recipe();
    if (recipe.data().source() instanceof SourceConfig.Tokens tokens) {
      throw new IllegalArgumentException("`data.source` is of type tokens: the text in " + tokens.path() + " is prepared");
    }
    var spec = Corpus.spec(setup);
    Path cache = recipe.data().cache();
    Path folder = out != null ? out : cache != null ? cache.resolve(spec.key()) : Path.of("prepared", recipe.name());
    Consumer<String> say = note -> {
      print.println(note);
      print.flush();
    };
    try (var _ = Interruption.watch(true, say)) {
      new Preparation(spec, folder).run(say, () -> false);
    }
    try (var corpus = PreparedCorpus.open(folder)) {
      if (!corpus.key().equals(spec.key())) {
        throw new IllegalArgumentException(folder + " holds other text: files, tokenizer or split are not those of this recipe. Choose"
            + " another folder with --out, or remove that one");
      }
      long tokens = corpus.sources().stream().mapToLong(source -> source.tokens().tokens()).sum();
      print.println("%,d tokens for training, %,d for validation (%s of text) in %s".formatted(tokens, corpus.validation().tokens(),
          Units.bytes(corpus.validation().textBytes()), folder));
      print.println("train on them: data.source='{type: tokens, path: \"%s\"}' '~tokenizer'".formatted(folder));
    }
  }
}
