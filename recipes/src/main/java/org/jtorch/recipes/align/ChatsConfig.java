package org.jtorch.recipes.align;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.TooLong;
import org.jtorch.align.sampling.SampleFiles;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Reference;

/// Where conversations or judgements come from, and how they become rows.
public record ChatsConfig(
    @Doc("each a file, a folder or a glob: JSON Lines, JSON lists or Parquet; shapes are known by their fields") List<Source> sources,
    @Doc("share of each source's examples held out for validation; 0 for none") @Default("0.05") double heldOut,
    @Doc("tokens of a row, at most") @Default("1024") int maxTokens,
    @Doc("longer ones: drop_turns (the oldest go), leave_out or cut_end (they lose their end)") @Default("drop_turns") TooLong tooLong,
    @Doc("how turns are written: chatml, llama3, gemma, or a file with a Jinja template; unless given as the model's folder says")
    @Nullable String template) {
  /// Which of the files that rejection sampling leaves.
  public enum Part { ANSWERS, PAIRS }

  /// A source: a path, or what an earlier stage leaves.
  public record Source(@Doc("a file, a folder or a glob") @Nullable Path path,
      @Doc("instead: a stage of type rejection-sampling, or the folder that one left") @Nullable Reference from,
      @Doc("of such a stage: answers, to imitate, or pairs of the best and the worst") @Default("answers") Part part,
      @Doc("how much of the examples it gives, beside the others") @Default("1") double share) {
    public Source {
      if (!(share > 0 && share < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("`share` must be > 0 but was " + share + "; 1 for all alike");
      }
      if ((path == null) == (from == null)) {
        throw new IllegalArgumentException("give `path`, the file of the examples, or `from`, a stage that makes them, and not both; e.g. path: chats.jsonl");
      }
    }

    /// Of a file.
    public Source(Path path, double share) {
      this(path, null, Part.ANSWERS, share);
    }

    /// The file, which an earlier stage may still have to make.
    ///
    /// @throws IllegalArgumentException if the stage leaves no such thing
    Path file(Artifacts known) {
      if (from == null) {
        return Objects.requireNonNull(path, "one of the two is given");
      }
      var answers = known.answers(from);
      if (part == Part.PAIRS && !answers.hasPairs()) {
        throw new IllegalArgumentException("\"" + from + "\" leaves no pairs; give it keep.pairs: true");
      }
      return answers.folder().resolve(part == Part.PAIRS ? SampleFiles.PAIRS : SampleFiles.ANSWERS);
    }
  }

  public ChatsConfig {
    sources = List.copyOf(sources);
    if (sources.isEmpty()) {
      throw new IllegalArgumentException("`sources` is empty; e.g. sources: [{path: chats.jsonl}]");
    }
    if (!(heldOut >= 0 && heldOut < 1)) {
      throw new IllegalArgumentException("`held_out` must be from 0 to below 1 but was " + heldOut + "; 0.05 is usual");
    }
    if (maxTokens < 8) {
      throw new IllegalArgumentException("`max_tokens` must be >= 8 but was " + maxTokens + "; 1024 is usual");
    }
  }

  /// The same with the files of earlier stages in place of their names.
  ChatsConfig found(Artifacts known) {
    return new ChatsConfig(sources.stream().map(s -> new Source(s.file(known), s.share())).toList(), heldOut, maxTokens, tooLong, template);
  }

  double[] shares() {
    return sources.stream().mapToDouble(Source::share).toArray();
  }
}
