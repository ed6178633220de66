package org.jtorch.recipes;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.sampling.SampleFiles;
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

  /// The models that were chosen of several. Before the stage has run it is not known which; then they are the first ones.
  ///
  /// @param members the best first
  record Chosen(Path folder, List<Model> members) implements Artifact {
    public Chosen {
      members = List.copyOf(members);
    }

    @Override public String kind() {
      return "choice of models";
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

  /// Conversations or judgements: files that [org.jtorch.align.chats.ChatSet] reads.
  ///
  /// @param rows how many there will be, at most
  /// @param sampled whether they come from rejection sampling, which leaves a manifest beside the answers
  /// @param pairs whether there are pairs of the best and the worst beside the answers, too
  record Chats(Path folder, long rows, boolean sampled, boolean pairs) implements Artifact {
    /// One kind of rows, in all files of a folder.
    public Chats(Path folder, long rows) {
      this(folder, rows, false, false);
    }

    /// The file or folder of the rows.
    ///
    /// @param paired whether pairs are wanted
    /// @throws IllegalArgumentException if there are none
    public Path place(boolean paired) {
      if (paired && !pairs) {
        throw new IllegalArgumentException("leaves no pairs; a stage of rejection sampling does with keep.pairs: true");
      }
      return !sampled ? folder : folder.resolve(paired ? SampleFiles.PAIRS : SampleFiles.ANSWERS);
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
