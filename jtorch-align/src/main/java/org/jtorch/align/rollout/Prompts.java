package org.jtorch.align.rollout;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.chats.PromptFields;
import org.jtorch.align.chats.PromptRow;
import org.jtorch.align.chats.PromptSet;
import org.jtorch.io.DataException;

/// Prompts of files by a model's template.
///
/// ```java
/// var problems = new Problems();
/// var prompts = Prompts.read(Path.of("gsm8k/train.jsonl"), PromptFields.USUAL, encoder, problems);
/// problems.describe().forEach(IO::println);                   // 3 rows too long, left out: gsm8k/train.jsonl:17 has 301 tokens, ...
/// ```
public final class Prompts {
  private Prompts() {}

  /// Every prompt that has at most `encoder.maxTokens()` tokens, in the file's order.
  ///
  /// @throws DataException if there is none
  /// @throws IllegalArgumentException if the template has no generation prompt
  public static List<Prompt> read(Path path, PromptFields fields, ChatEncoder encoder, Problems problems) {
    return of(PromptSet.read(path, fields).rows(), encoder, problems);
  }

  /// The same for rows that have been read.
  public static List<Prompt> of(List<PromptRow> rows, ChatEncoder encoder, Problems problems) {
    encoder.requireGenerationPrompt();
    var prompts = new ArrayList<Prompt>();
    for (var row : rows) {
      encoder.prompt(row.chat(), row.place(), problems).ifPresent(ids ->
          prompts.add(new Prompt(row.chat(), ids, row.solution(), row.topic(), row.place())));
    }
    if (prompts.isEmpty()) {
      throw new DataException("no prompt has at most " + encoder.maxTokens() + " tokens: " + String.join("; ", problems.describe()));
    }
    return prompts;
  }
}
