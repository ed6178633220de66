package org.jtorch.recipes.align;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.chats.PromptFields;
import org.jtorch.align.chats.PromptSet;
import org.jtorch.align.chats.TooLong;
import org.jtorch.align.chats.TrainedTurns;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.Prompts;
import org.jtorch.data.JsonRows;
import org.jtorch.io.DataException;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Where prompts come from.
public record PromptsConfig(
    @Doc("each a file, a folder or a glob: JSON Lines, JSON lists or Parquet; of conversations and pairs what comes before the last answer") List<Path> sources,
    @Doc("tokens of a prompt, at most; longer ones are left out") @Default("512") int maxTokens,
    @Doc("how turns are written: chatml, llama3, gemma, or a file with a Jinja template; unless given as the model's folder says")
    @Nullable String template,
    @Doc("the field that checkers compare with; unless given ground_truth, solution or label, or else what the assistant says last") @Nullable String solution,
    @Doc("the field that says what a prompt is about") @Nullable String topic) {
  public PromptsConfig {
    sources = List.copyOf(sources);
    if (sources.isEmpty()) {
      throw new IllegalArgumentException("`sources` is empty; e.g. sources: [prompts.jsonl]");
    }
    if (maxTokens < 2) {
      throw new IllegalArgumentException("`max_tokens` must be >= 2 but was " + maxTokens + "; 512 is usual");
    }
  }

  private PromptFields fields() {
    return new PromptFields(solution, topic);
  }

  ChatEncoder encoder(ChatModel chats) {
    return new ChatEncoder(chats.tokenizer(), chats.template(), chats.stops(), maxTokens, TooLong.LEAVE_OUT, TrainedTurns.ALL);
  }

  /// All prompts that are short enough, in the order of the sources.
  ///
  /// @param note hears what was found, and what is the matter with some of it
  List<Prompt> read(ChatModel chats, Consumer<String> note) {
    var encoder = encoder(chats);
    var prompts = new ArrayList<Prompt>();
    for (Path source : sources) {
      var set = PromptSet.read(source, fields());
      set.describe().forEach(note);
      var problems = new Problems();
      prompts.addAll(Prompts.of(set.rows(), encoder, problems));
      problems.describe().forEach(note);
    }
    return prompts;
  }

  /// How many there are, whatever their length.
  long count(Consumer<String> note) {
    long n = 0;
    for (Path source : sources) {
      var set = PromptSet.read(source, fields());
      set.describe().forEach(note);
      n += set.rows().size();
    }
    return n;
  }

  /// What recipes lack for their prompts, found before anything starts.
  ///
  /// @param key of this: `prompts`
  List<String> problems(String key) {
    var problems = new ArrayList<String>();
    for (int s = 0; s < sources.size(); s++) {
      try {
        var _ = JsonRows.files(sources.get(s));
      } catch (DataException e) {
        problems.add("`" + key + ".sources[" + s + "]` " + e.getMessage());
      }
    }
    if (template != null && !ChatModel.isFormat(template) && !Files.isRegularFile(Path.of(template))) {
      problems.add("`" + key + ".template` is \"" + template + "\", neither a format (chatml, llama3, gemma) nor a file that is there");
    }
    return problems;
  }
}
