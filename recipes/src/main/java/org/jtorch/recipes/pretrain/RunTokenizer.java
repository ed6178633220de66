package org.jtorch.recipes.pretrain;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.corpus.TokenizerFiles;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.JsonFile;
import org.jtorch.recipes.run.RunFolder;

/// The tokenizer's files as they go along with a run's models: those of its text, with what the model adds.
final class RunTokenizer {
  /// Where a tokenizer says how many tokens a text may have.
  static final String LONGEST = "model_max_length";

  private RunTokenizer() {}

  /// Where they lie.
  static Path of(RunFolder run) {
    return run.path().resolve("tokenizer");
  }

  /// Writes them if they are not there.
  static void write(Setup setup, PreparedCorpus corpus, RunFolder run) {
    if (Files.exists(of(run))) {
      return;
    }
    int context = Shapes.of(setup, corpus.tokenizer().vocabSize()).maxPositions();
    AtomicFolder.publish(of(run), home -> {
      TokenizerFiles.copy(corpus.tokenizerFolder(), home);
      SpecialIds.write(setup, home, corpus.eos());
      Path config = home.resolve("tokenizer_config.json");
      if (Files.exists(config) && JsonFile.open(config).node() instanceof ObjectNode node && !node.has(LONGEST)) {
        JsonFile.write(config, node.put(LONGEST, context));
      }
    });
  }
}
