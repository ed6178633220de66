package org.jtorch.recipes.align;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.ChatSet;
import org.jtorch.align.chats.TooLong;
import org.jtorch.data.JsonRows;
import org.jtorch.io.DataException;
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
  /// A source.
  public record Source(
      @Doc("a file, a folder or a glob") @Nullable Path path,
      @Doc("instead of a path: an earlier stage that leaves chats") @Nullable Reference from,
      @Doc("how much of the examples it gives, beside the others") @Default("1") double share) {
    public Source {
      if ((path == null) == (from == null)) {
        throw new IllegalArgumentException("a source has either a `path`, e.g. chats.jsonl, or `from` with the name of an earlier stage");
      }
      if (!(share > 0 && share < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("`share` must be > 0 but was " + share + "; 1 for all alike");
      }
    }

    /// What it holds.
    ChatSet read(Artifacts known) {
      return ChatSet.read(place(known));
    }

    private Path place(Artifacts known) {
      return from != null ? known.chats(from).file() : Objects.requireNonNull(path, "checked above");
    }

    /// How many examples it has; before the stage that makes them has run how many it promises.
    ///
    /// @param describe hears what it holds
    long examples(Artifacts known, Consumer<String> describe) {
      if (from != null && !Files.isDirectory(known.chats(from).folder())) {
        long rows = known.chats(from).rows();
        describe.accept(from + ": at most " + rows + " rows");
        return rows;
      }
      var set = read(known);
      set.describe().forEach(describe);
      return set.examples().size();
    }

    /// @param key of this source
    void problems(String key, Artifacts known, List<String> problems) {
      String at = "`" + key + (from != null ? ".from` " : ".path` ");
      try {
        if (from != null) {
          var _ = known.chats(from);
        } else {
          var _ = JsonRows.files(place(known));
        }
      } catch (DataException | IllegalArgumentException e) {
        problems.add(at + e.getMessage());
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

  /// What the sources lack, found before anything starts.
  void problems(Artifacts known, List<String> problems) {
    for (int s = 0; s < sources.size(); s++) {
      sources.get(s).problems("chats.sources[" + s + "]", known, problems);
    }
  }

  double[] shares() {
    return sources.stream().mapToDouble(Source::share).toArray();
  }
}
