package org.jtorch.recipes.align;

import java.nio.file.Path;
import org.jtorch.adapter.Lora;
import org.jtorch.train.ModelFolder;

/// The folder of an adapter: PEFT's two files, and beside them tokenizer, template and stop tokens of the chats that it learned from, so that
/// model and adapter together can be talked to.
final class AdapterFolder {
  private AdapterFolder() {}

  /// @param base the model's folder
  /// @param home tokenizer, template and stop tokens, which go along
  static ModelFolder of(Lora adapter, Path base, Path home) {
    var plain = ModelFolder.of(adapter, base.toString());
    return new ModelFolder(plain.weights(), plain.file(), into -> {
      plain.writer().write(into);
      ChatModel.copy(home, into);
    }, plain.parts());
  }
}
