package org.jtorch.recipes;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.jtorch.align.sampling.SampleFiles;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.family.Pretrained;
import org.jtorch.family.TokenIds;
import org.jtorch.head.Classifiers;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// What folders hold that no stage of a run has made.
final class FolderArtifacts {
  private FolderArtifacts() {}

  static Artifact data(Path folder) {
    try (var corpus = PreparedCorpus.open(folder)) {
      return new Artifact.Data(folder, corpus.tokenizer().vocabSize(), corpus.eos());
    }
  }

  static Artifact.Chats answers(Path folder) {
    return new Artifact.Chats(folder, SampleFiles.rows(folder), true, SampleFiles.hasPairs(folder));
  }

  static Artifact.Model model(Path folder) {
    var shape = Pretrained.config(folder);
    try (var tokenizer = Tokenizer.load(folder)) {
      return new Artifact.Model(folder, shape, tokenizer.vocabSize(), eos(folder, tokenizer), null);
    }
  }

  static Artifact rewardModel(Path folder) {
    int outputs = Classifiers.labels(folder).count();
    if (outputs != 1) {
      throw new IllegalArgumentException(folder + " holds a classifier of " + outputs + " labels; a reward model has one");
    }
    var shape = Pretrained.config(folder);
    try (var tokenizer = Tokenizer.load(folder)) {
      return new Artifact.RewardModel(folder, shape, tokenizer.vocabSize(), eos(folder, tokenizer));
    }
  }

  /// The token that ends a text; of several the first, which in the published models is what ends a document.
  private static String eos(Path folder, Tokenizer tokenizer) {
    JsonNode ids = TokenIds.generation(folder).path(TokenIds.EOS);
    JsonNode id = ids.isArray() ? ids.path(0) : ids;
    if (!id.isIntegralNumber()) {
      throw new DataException(folder + " does not say which token ends a document: neither generation_config.json nor config.json has "
          + TokenIds.EOS);
    }
    return tokenizer.token(id.longValue());
  }
}
