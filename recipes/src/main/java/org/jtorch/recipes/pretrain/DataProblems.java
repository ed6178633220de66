package org.jtorch.recipes.pretrain;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.data.TextSource;
import org.jtorch.io.DataException;
import org.jtorch.recipes.config.Suggest;
import org.jtorch.recipes.pretrain.PretrainRecipe.TokenizerConfig;

/// What a recipe's text and tokenizer lack, found without reading them.
final class DataProblems {
  private DataProblems() {}

  static void of(Setup setup, List<String> problems) {
    var recipe = setup.recipe();
    var data = recipe.data();
    switch (data.source()) {
      case SourceConfig.Tokens tokens -> tokens(setup, tokens, problems);
      case SourceConfig.StandIn _ -> unused(problems, "tokenizer", recipe.tokenizer(), "the stand-in says how large it is");
      case SourceConfig.Text text -> files(problems, "data.source.path", text.source());
      case SourceConfig.Mix(var sources) -> sources.forEach((name, part) ->
          files(problems, "data.source.sources." + name + ".source.path", part.source().source()));
    }
    if (data.validation() != null) {
      files(problems, "data.validation.path", data.validation().source());
    }
    var tokenizer = recipe.tokenizer();
    if (tokenizer == null && recipe.from() == null && SourceConfig.isText(data.source())) {
      problems.add("`tokenizer` missing key; e.g. tokenizer: {type: train, vocab_size: 4096}");
    }
    if (tokenizer instanceof TokenizerConfig.File(Path path, _) && !Files.exists(path)) {
      problems.add("`tokenizer.path` file not found: " + path);
    }
  }

  private static void tokens(Setup setup, SourceConfig.Tokens tokens, List<String> problems) {
    var recipe = setup.recipe();
    try {
      var folder = setup.known().data(tokens.path()).folder();
      if (PreparedCorpus.isIn(folder)) {
        weights(folder, tokens, problems);
      }
    } catch (IllegalArgumentException | DataException e) {
      problems.add("`data.source.path` " + e.getMessage() + "; jtorch data prepare writes folders of tokens");
    }
    unused(problems, "tokenizer", recipe.tokenizer(), "tokens bring their tokenizer");
    unused(problems, "data.validation", recipe.data().validation(), "tokens bring the text that was held out");
    unused(problems, "data.cache", recipe.data().cache(), "tokens are prepared");
  }

  private static void weights(Path folder, SourceConfig.Tokens tokens, List<String> problems) {
    try (var corpus = PreparedCorpus.open(folder)) {
      var names = corpus.sources().stream().map(PreparedCorpus.Source::name).toList();
      tokens.weights().keySet().stream().filter(name -> !names.contains(name)).forEach(name -> problems.add(
          "`data.source.weights." + name + "` unknown source" + Suggest.hint(name, names)));
      if (names.stream().allMatch(name -> Double.valueOf(0).equals(tokens.weights().get(name)))) {
        problems.add("`data.source.weights` leaves no source; give one of " + String.join(", ", names) + " a weight above 0");
      }
    }
  }

  private static void unused(List<String> problems, String key, @Nullable Object value, String why) {
    if (value != null) {
      problems.add("`" + key + "` has no use here: " + why + "; remove it");
    }
  }

  /// A source whose files are not there.
  static void files(List<String> problems, String key, TextSource source) {
    try {
      var _ = source.files();
    } catch (DataException e) {
      problems.add("`" + key + "` " + e.getMessage());
    }
  }
}
