package org.jtorch.head;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// The outputs of a head by name, and what they mean.
public record Labels(List<String> names, Problem problem) {
  /// One number: the reward of a reward model, or one value to predict.
  public static final Labels SCORE = new Labels(unnamed(1), Problem.REGRESSION);

  public Labels {
    names = List.copyOf(names);
    if (names.isEmpty()) {
      throw new IllegalArgumentException("`num_labels` must be >= 1 but was 0");
    }
    if (new HashSet<>(names).size() < names.size()) {
      throw new IllegalArgumentException("`id2label` has a name twice: " + names + "; give every label its own");
    }
    if (problem == Problem.SINGLE_LABEL_CLASSIFICATION && names.size() == 1) {
      throw new IllegalArgumentException("single_label_classification needs at least 2 labels but has 1; "
          + "a single number is regression");
    }
  }

  /// Classes of which one is right.
  public static Labels classes(String... names) {
    return new Labels(Arrays.asList(names), Problem.SINGLE_LABEL_CLASSIFICATION);
  }

  public int count() {
    return names.size();
  }

  private static List<String> unnamed(int n) {
    return IntStream.range(0, n).mapToObj(i -> "LABEL_" + i).toList();
  }

  /// Reads `id2label` or `num_labels`, and `problem_type`; two labels and what their number suggests where they are missing.
  ///
  /// @throws DataException if they contradict each other
  static Labels read(JsonFile c) {
    var ids = c.optObject("id2label");
    int count = c.optInt("num_labels", ids.map(i -> i.keys().size()).orElse(2));
    agree(c, "id2label", ids.map(i -> i.keys().size()).orElse(count), count);
    agree(c, "label2id", c.optObject("label2id").map(i -> i.keys().size()).orElse(count), count);
    try {
      var names = ids.map(i -> IntStream.range(0, count).mapToObj(k -> i.requiredString(Integer.toString(k))).toList())
          .orElseGet(() -> unnamed(count));
      return new Labels(names, c.has("problem_type") ? Problem.parse(c.requiredString("problem_type")) : Problem.of(count));
    } catch (IllegalArgumentException e) {
      throw new DataException(c.path() + ": " + e.getMessage(), e);
    }
  }

  private static void agree(JsonFile c, String key, int entries, int count) {
    if (entries != count) {
      throw new DataException(c.path() + ": `" + key + "` has " + entries + " labels but "
          + (c.has("num_labels") ? "`num_labels` is " : "`id2label` has ") + count + "; make them agree");
    }
  }

  void write(ObjectNode into) {
    var ids = into.putObject("id2label");
    var back = into.putObject("label2id");
    for (int i = 0; i < names.size(); i++) {
      ids.put(Integer.toString(i), names.get(i));
      back.put(names.get(i), i);
    }
    into.put("problem_type", problem.hfName());
  }
}
