package org.jtorch.recipes.pretrain;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.data.TextSource;
import org.jtorch.io.DataException;
import org.jtorch.recipes.pretrain.PretrainRecipe.TokenizerConfig;

/// What a recipe's text and tokenizer lack, found without reading them.
final class DataProblems {
  private DataProblems() {}

  static void of(PretrainRecipe recipe, List<String> problems) {
    var data = recipe.data();
    switch (data.source()) {
      case SourceConfig.Tokens(Path path) -> tokens(recipe, path, problems);
      case SourceConfig.Text text -> files(problems, "data.source.path", text.source());
      case SourceConfig.Mix(var sources) -> sources.forEach((name, part) ->
          files(problems, "data.source.sources." + name + ".source.path", part.source().source()));
    }
    if (data.validation() != null) {
      files(problems, "data.validation.path", data.validation().source());
    }
    var tokenizer = recipe.tokenizer();
    if (tokenizer == null && !(data.source() instanceof SourceConfig.Tokens)) {
      problems.add("`tokenizer` missing key; e.g. tokenizer: {type: train, vocab_size: 4096}");
    }
    if (tokenizer instanceof TokenizerConfig.File(Path path, _) && !Files.exists(path)) {
      problems.add("`tokenizer.path` file not found: " + path);
    }
  }

  private static void tokens(PretrainRecipe recipe, Path path, List<String> problems) {
    if (!PreparedCorpus.isIn(path)) {
      problems.add("`data.source.path` holds no prepared text: " + path + "; jtorch data prepare writes such folders");
    }
    unused(problems, "tokenizer", recipe.tokenizer(), "tokens bring their tokenizer");
    unused(problems, "data.validation", recipe.data().validation(), "tokens bring the text that was held out");
    unused(problems, "data.cache", recipe.data().cache(), "tokens are prepared");
  }

  private static void unused(List<String> problems, String key, @Nullable Object value, String why) {
    if (value != null) {
      problems.add("`" + key + "` has no use here: " + why + "; remove it");
    }
  }

  private static void files(List<String> problems, String key, TextSource source) {
    try {
      var _ = source.files();
    } catch (DataException e) {
      problems.add("`" + key + "` " + e.getMessage());
    }
  }
}
