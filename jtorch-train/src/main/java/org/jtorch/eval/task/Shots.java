package org.jtorch.eval.task;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jtorch.data.TableRow;

/// Solved examples before a question, the same before every question of a task: what all prompts begin with then runs once.
///
/// @param count of examples
/// @param random drawn by `seed` instead of the first ones
/// @param separator behind each example
public record Shots(int count, boolean random, long seed, String separator) {
  public static final Shots NONE = new Shots(0, false, 0, "\n\n");

  public Shots {
    if (count < 0) {
      throw new IllegalArgumentException("`count` must be >= 0 but was " + count + "; 5 is usual");
    }
  }

  /// What stands before every question.
  ///
  /// @param description comes first
  /// @param rows of which the examples are made
  /// @throws IllegalArgumentException if there are fewer rows than examples
  public String before(String description, List<TableRow> rows, ItemTemplates<?> templates) {
    if (count > rows.size()) {
      throw new IllegalArgumentException("`count` is " + count + " but there are only " + rows.size() + " examples; ask for fewer");
    }
    var chosen = new ArrayList<>(rows);
    if (random) {
      Collections.shuffle(chosen, new Random(seed));
    }
    var text = new StringBuilder(description);
    chosen.subList(0, count).forEach(row -> text.append(templates.example(row)).append(separator));
    return text.toString();
  }
}
