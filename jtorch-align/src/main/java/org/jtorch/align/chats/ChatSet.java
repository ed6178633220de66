package org.jtorch.align.chats;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.UUID;
import org.jtorch.data.JsonRow;
import org.jtorch.data.JsonRows;
import org.jtorch.io.DataException;

/// The rows of a file, a folder or a glob as examples, each read by the shape that its fields show.
///
/// ```java
/// var set = ChatSet.read(Path.of("data/preferences.jsonl.gz"));
/// set.describe().forEach(IO::println);                        // 1100 rows: 1100 pairs of a chosen and a rejected answer
/// var pairs = set.only(Example.Comparison.class);
/// ```
///
/// Rows that are broken, have no answer, two equal ones, or were there before are left out, counted and located.
///
/// @param source what was read
/// @param shapes rows of each shape
public record ChatSet(String source, List<Example> examples, SequencedMap<ChatShape, Integer> shapes, Problems problems) {
  public ChatSet {
    examples = List.copyOf(examples);
    shapes = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(shapes));
  }

  /// @throws DataException if there is no file, one cannot be read, or no row can be used; with the first reasons
  public static ChatSet read(Path path) {
    var reader = new Reader();
    JsonRows.files(path).forEach(file -> JsonRows.read(file, reader::row));
    var set = new ChatSet(path.toString(), reader.examples, reader.shapes, reader.problems);
    if (set.examples.isEmpty()) {
      throw new DataException("no row of " + path + " can be used: "
          + (reader.problems.describe().isEmpty() ? "there is none" : String.join("; ", reader.problems.describe())));
    }
    return set;
  }

  /// The examples of one kind.
  ///
  /// @throws DataException if there are none of it
  public <E extends Example> List<E> only(Class<E> kind) {
    var found = examples.stream().filter(kind::isInstance).map(kind::cast).toList();
    if (found.isEmpty()) {
      throw new DataException(source + " has no " + kind.getSimpleName().toLowerCase(Locale.ROOT) + ": its rows are " + shapeWords());
    }
    return found;
  }

  /// Conversations to imitate: those that are, and of comparisons the best answer.
  public List<Example.Conversation> conversations() {
    var found = new ArrayList<Example.Conversation>();
    for (Example example : examples) {
      switch (example) {
        case Example.Conversation c -> found.add(c);
        case Example.Comparison c -> found.add(c.best());
        case Example.Judged _ -> {}
      }
    }
    if (found.isEmpty()) {
      throw new DataException(source + " has no conversation to learn from: its rows are " + shapeWords());
    }
    return found;
  }

  private String shapeWords() {
    return String.join(", ", shapes.entrySet().stream().map(s -> s.getValue() + " " + s.getKey().title()).toList());
  }

  /// What was found, a line each: the rows by their shapes, then what is the matter with some of them.
  public List<String> describe() {
    var lines = new ArrayList<String>();
    int rows = shapes.values().stream().mapToInt(Integer::intValue).sum();
    lines.add(source + ": " + shapeWords() + (examples.size() == rows ? "" : "; " + examples.size() + " are used"));
    lines.addAll(problems.describe());
    return lines;
  }

  private static final class Reader {
    private final List<Example> examples = new ArrayList<>();
    private final SequencedMap<ChatShape, Integer> shapes = new LinkedHashMap<>();
    private final Problems problems = new Problems();
    private final Map<UUID, String> seen = new HashMap<>();

    void row(JsonRow row) {
      switch (row) {
        case JsonRow.Broken broken -> problems.add(Problems.Kind.BROKEN, broken.place(), broken.problem());
        case JsonRow.Good good -> {
          try {
            var shape = ChatShape.of(good.value());
            var read = new RowReader(good.value(), good.place()).read(shape);
            shapes.merge(shape, 1, Integer::sum);
            read.forEach(this::example);
          } catch (IllegalArgumentException e) {
            problems.add(Problems.Kind.BROKEN, good.place(), String.valueOf(e.getMessage()));
          }
        }
      }
    }

    private void example(Example example) {
      boolean says = switch (example) {
        case Example.Conversation c -> Example.says(c.chat().messages());
        case Example.Comparison c -> c.answers().stream().allMatch(Example.Answer::says);
        case Example.Judged j -> j.answer().says();
      };
      if (!says) {
        problems.add(Problems.Kind.EMPTY, example.place(), "has an answer without a text");
        return;
      }
      if (example instanceof Example.Comparison c && c.distinct().size() < c.answers().size()) {
        if (c.distinct().size() < 2) {
          problems.add(Problems.Kind.EQUAL, example.place(), "compares an answer with itself");
          return;
        }
        example(new Example.Comparison(c.prompt(), c.distinct(), c.level(), c.margin(), c.place()));
        return;
      }
      String before = seen.putIfAbsent(digest(example.key()), example.place());
      if (before == null) {
        examples.add(example);
      } else {
        problems.add(Problems.Kind.DUPLICATE, example.place(), "is the same as " + before);
      }
    }
  }

  /// Short, whatever the length of the text.
  static UUID digest(String key) {
    return UUID.nameUUIDFromBytes(key.getBytes(UTF_8));
  }
}
