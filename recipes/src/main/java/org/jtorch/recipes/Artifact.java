package org.jtorch.recipes;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.loss.SparseTargets.Reduction;

/// What a stage leaves for later ones, or what a folder holds. Before the stage has run it is a promise: its folder is not there, but what
/// later stages have to know of it for their checks and plans is.
public sealed interface Artifact {
  /// Where it lies, or will lie: the folder of exactly this.
  Path folder();

  /// `model`, for messages.
  String kind();

  /// A language model with its tokenizer, a Hugging Face folder.
  ///
  /// @param tokens in the tokenizer; the model may have more rows
  /// @param eos the token that ends a document
  /// @param checkpoints of the run that made it, or null
  record Model(Path folder, DecoderConfig shape, int tokens, String eos, @Nullable Path checkpoints) implements Artifact {
    @Override public String kind() {
      return "model";
    }
  }

  /// A model that says what a conversation is worth: a Hugging Face folder for sequence classification with one output, with its tokenizer,
  /// chat template and stop tokens.
  ///
  /// @param tokens in the tokenizer; the model may have more rows
  /// @param eos the token that ends a document
  record RewardModel(Path folder, DecoderConfig shape, int tokens, String eos) implements Artifact {
    @Override public String kind() {
      return "reward model";
    }
  }

  /// A low-rank adapter: a folder of PEFT's.
  ///
  /// @param base the folder of the model that it is for
  record Adapter(Path folder, Path base) implements Artifact {
    @Override public String kind() {
      return "adapter";
    }
  }

  /// Text as tokens with their tokenizer, as `jtorch data prepare` writes it.
  record Data(Path folder, int tokens, String eos) implements Artifact {
    @Override public String kind() {
      return "data set";
    }
  }

  /// What a teacher says of the rows of a text, as `jtorch distill capture` writes it.
  ///
  /// @param kept of its distributions
  record Targets(Path folder, Reduction kept) implements Artifact {
    @Override public String kind() {
      return "captured teacher";
    }
  }

  /// Conversations or judgements: a file that [org.jtorch.align.chats.ChatSet] reads, and what else lies beside it.
  ///
  /// @param name of the file in the folder
  /// @param rows how many there will be, at most
  record Chats(Path folder, String name, long rows) implements Artifact {
    /// The file.
    public Path file() {
      return folder.resolve(name);
    }

    @Override public String kind() {
      return "set of chats";
    }
  }

  /// Results: figures and what they were worked out from.
  record Results(Path folder) implements Artifact {
    @Override public String kind() {
      return "table of results";
    }
  }
}
