package org.jtorch.recipes.align;

import java.nio.file.Path;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.train.ModelFolder;

/// The folder of a reward model: transformers' sequence classification, and beside it the stop tokens of the chats that it judges, without
/// which a conversation would not become the tokens that it learned from.
final class RewardFolder {
  private RewardFolder() {}

  /// @param home tokenizer, template and stop tokens, which go along
  static ModelFolder of(DecoderClassifier model, Path home) {
    var plain = ModelFolder.of(model, home);
    return new ModelFolder(plain.weights(), plain.file(), into -> {
      plain.writer().write(into);
      ChatModel.copy(home, into);
    }, plain.parts());
  }
}
