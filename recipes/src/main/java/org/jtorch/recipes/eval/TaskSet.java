package org.jtorch.recipes.eval;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jtorch.eval.task.EvalTask;
import org.jtorch.io.DataException;

/// A task with its parts, if its data have parts (MMLU's subjects).
public record TaskSet(String name, List<EvalTask> parts) {
  public TaskSet {
    parts = List.copyOf(parts);
  }

  /// How many items there are.
  public int size() {
    return parts.stream().mapToInt(EvalTask::size).sum();
  }

  /// Tasks by name (`hellaswag`), task files (`my-task.yaml`) and texts (`book.txt`, `held-out.jsonl.gz`), read and rendered.
  ///
  /// @param data the folder that paths of tasks begin at
  /// @param limit most items of each task, or of each of its parts; 0 for all
  /// @throws IllegalArgumentException naming everything that is no task and no text, or wrong with a task
  /// @throws DataException naming every file that is missing or broken
  public static List<TaskSet> load(List<String> names, Path data, int limit) {
    if (names.isEmpty()) {
      throw new IllegalArgumentException("no task is given; the tasks are " + String.join(", ", TaskCatalog.names())
          + "; a file of text or of a task of your own will do too");
    }
    var files = new TaskFiles(data, limit);
    var found = new ArrayList<TaskSet>();
    var wrong = new ArrayList<RuntimeException>();
    var broken = new ArrayList<RuntimeException>();
    for (String name : names) {
      try {
        String called = called(name);
        if (found.stream().anyMatch(t -> t.name.equals(called))) {
          wrong.add(new IllegalArgumentException("two tasks are called \"" + called + "\"; give each once"));
        } else {
          found.add(new TaskSet(called, tasks(name, called, files)));
        }
      } catch (DataException e) {
        broken.add(e);
      } catch (IllegalArgumentException e) {
        wrong.add(e);
      }
    }
    report(wrong, broken);
    return found;
  }

  /// One problem as it is, several as one; a wrong use goes before broken data.
  private static void report(List<RuntimeException> wrong, List<RuntimeException> broken) {
    var all = new ArrayList<>(wrong);
    all.addAll(broken);
    if (all.isEmpty()) {
      return;
    }
    if (all.size() == 1) {
      throw all.getFirst();
    }
    String text = all.stream().map(e -> String.valueOf(e.getMessage())).distinct().collect(Collectors.joining("\n"));
    throw wrong.isEmpty() ? new DataException(text, all.getFirst()) : new IllegalArgumentException(text, all.getFirst());
  }

  private static List<EvalTask> tasks(String name, String called, TaskFiles files) {
    if (TaskCatalog.names().contains(name) || TaskCatalog.isYaml(name)) {
      return TaskCatalog.load(name).tasks(called, files);
    }
    if (!Files.exists(Path.of(name))) {
      throw new IllegalArgumentException(TaskCatalog.unknown(name));
    }
    var own = new TaskFiles(Path.of(""), files.limit());
    return List.of(own.text(called, name, "text", 0, 1));
  }

  /// What results call it: of a file its name without endings.
  private static String called(String name) {
    return TaskCatalog.names().contains(name) ? name
        : String.valueOf(Path.of(name).getFileName()).replaceFirst("\\.(gz|zst)$", "").replaceFirst("\\.(ya?ml|jsonl|ndjson|json|txt|md)$", "");
  }
}
