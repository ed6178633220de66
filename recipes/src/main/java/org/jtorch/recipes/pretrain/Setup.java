package org.jtorch.recipes.pretrain;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.corpus.TokenizerOrigin;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.pretrain.PretrainRecipe.ModelConfig;
import org.jtorch.recipes.pretrain.PretrainRecipe.TokenizerConfig;
import org.jtorch.text.Tokenizer;

/// A recipe with what it takes from elsewhere: the model that it goes on from, tokens that are prepared.
record Setup(PretrainRecipe recipe, Artifacts known) {
  /// The model that `from` names, or null.
  Artifact.@Nullable Model from() {
    return recipe.from() == null ? null : known.model(recipe.from());
  }

  /// The prepared text, or null if the recipe's is still to be prepared.
  Artifact.@Nullable Data tokens() {
    return recipe.data().source() instanceof SourceConfig.Tokens tokens ? known.data(tokens.path()) : null;
  }

  /// The folder whose weights training begins with, or null if they are drawn.
  @Nullable Path start() {
    var from = from();
    return from != null ? from.folder() : recipe.model() instanceof ModelConfig.Folder(Path path) ? path : null;
  }

  /// Where the tokenizer of text that is still to be prepared comes from.
  TokenizerOrigin tokenizer() {
    return switch (recipe.tokenizer()) {
      case TokenizerConfig config -> config.origin();
      case null -> {
        var from = Objects.requireNonNull(from(), "the recipe was checked");
        yield new TokenizerOrigin.Given(from.folder(), from.eos());
      }
    };
  }

  /// Tokens in the tokenizer that the run will have.
  int vocab() {
    var tokens = tokens();
    if (tokens != null) {
      return tokens.tokens();
    }
    if (recipe.data().source() instanceof SourceConfig.StandIn stand) {
      return stand.vocab();
    }
    return switch (recipe.tokenizer()) {
      case TokenizerConfig.Train t -> t.vocabSize();
      case TokenizerConfig.File(var path, _) -> {
        try (var tokenizer = Tokenizer.load(path)) {
          yield tokenizer.vocabSize();
        }
      }
      case null -> Objects.requireNonNull(from(), "the recipe was checked").tokens();
    };
  }

  /// The token that ends a document in the run's text.
  String eos() {
    var tokens = tokens();
    return tokens != null ? tokens.eos() : recipe.data().source() instanceof SourceConfig.StandIn ? TokenizerConfig.EOS : tokenizer().eos();
  }
}
