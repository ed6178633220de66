package org.jtorch.align.chats;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.UUID;
import org.jtorch.data.JsonRow;
import org.jtorch.data.JsonRows;
import org.jtorch.io.DataException;

/// The rows of a file, a folder or a glob as prompts, whatever else they were made for: prompts alone, and of conversations, comparisons
/// and judgements all before the assistant's last turn.
///
/// ```java
/// var set = PromptSet.read(Path.of("gsm8k/train.jsonl"), PromptFields.USUAL);
/// set.describe().forEach(IO::println);                        // 7473 prompts with answers
/// ```
///
/// Rows that are broken or were there before are left out, counted and located.
///
/// @param source what was read
/// @param shapes rows of each shape
public record PromptSet(String source, List<PromptRow> rows, SequencedMap<ChatShape, Integer> shapes, Problems problems) {
  public PromptSet {
    rows = List.copyOf(rows);
    shapes = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(shapes));
  }

  /// @throws DataException if there is no file, one cannot be read, or no row can be used; with the first reasons
  public static PromptSet read(Path path, PromptFields fields) {
    var reader = new Reader(fields);
    JsonRows.files(path).forEach(file -> JsonRows.read(file, reader::row));
    if (reader.rows.isEmpty()) {
      throw new DataException("no row of " + path + " holds a prompt: "
          + (reader.problems.describe().isEmpty() ? "there is none" : String.join("; ", reader.problems.describe())));
    }
    return new PromptSet(path.toString(), reader.rows, reader.shapes, reader.problems);
  }

  /// What was found, a line each: the rows by their shapes, then what is the matter with some of them.
  public List<String> describe() {
    var lines = new ArrayList<String>();
    lines.add(source + ": " + rows.size() + (rows.size() == 1 ? " prompt" : " prompts") + " of "
        + String.join(", ", shapes.entrySet().stream().map(s -> s.getValue() + " " + s.getKey().title()).toList()));
    lines.addAll(problems.describe());
    return lines;
  }

  private static final class Reader {
    private final PromptFields fields;
    private final List<PromptRow> rows = new ArrayList<>();
    private final SequencedMap<ChatShape, Integer> shapes = new LinkedHashMap<>();
    private final Problems problems = new Problems();
    private final Map<UUID, String> seen = new HashMap<>();

    Reader(PromptFields fields) {
      this.fields = fields;
    }

    void row(JsonRow row) {
      switch (row) {
        case JsonRow.Broken broken -> problems.add(Problems.Kind.BROKEN, broken.place(), broken.problem());
        case JsonRow.Good good -> {
          try {
            var shape = ChatShape.of(good.value());
            var read = new RowReader(good.value(), good.place()).prompts(shape, fields);
            shapes.merge(shape, 1, Integer::sum);
            read.forEach(this::prompt);
          } catch (IllegalArgumentException e) {
            problems.add(Problems.Kind.BROKEN, good.place(), String.valueOf(e.getMessage()));
          }
        }
      }
    }

    private void prompt(PromptRow row) {
      if (row.chat().messages().getLast().text().isBlank()) {
        problems.add(Problems.Kind.BROKEN, row.place(), "asks nothing: its last turn has no text");
        return;
      }
      String before = seen.putIfAbsent(ChatSet.digest(row.key()), row.place());
      if (before == null) {
        rows.add(row);
      } else {
        problems.add(Problems.Kind.DUPLICATE, row.place(), "is the same as " + before);
      }
    }
  }
}
