package org.jtorch.recipes.align;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.TooLong;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Where conversations or judgements come from, and how they become rows.
public record ChatsConfig(
    @Doc("each a file, a folder or a glob: JSON Lines, JSON lists or Parquet; shapes are known by their fields") List<Source> sources,
    @Doc("share of each source's examples held out for validation; 0 for none") @Default("0.05") double heldOut,
    @Doc("tokens of a row, at most") @Default("1024") int maxTokens,
    @Doc("longer ones: drop_turns (the oldest go), leave_out or cut_end (they lose their end)") @Default("drop_turns") TooLong tooLong,
    @Doc("how turns are written: chatml, llama3, gemma, or a file with a Jinja template; unless given as the model's folder says")
    @Nullable String template) {
  /// A source.
  public record Source(Path path, @Doc("how much of the examples it gives, beside the others") @Default("1") double share) {
    public Source {
      if (!(share > 0 && share < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("`share` must be > 0 but was " + share + "; 1 for all alike");
      }
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

  double[] shares() {
    return sources.stream().mapToDouble(Source::share).toArray();
  }
}
