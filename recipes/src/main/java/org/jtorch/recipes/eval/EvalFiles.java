package org.jtorch.recipes.eval;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jtorch.eval.needle.NeedleResult;
import org.jtorch.eval.task.Comparison;
import org.jtorch.eval.task.Metric;
import org.jtorch.eval.task.TaskResult;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.recipes.report.HeatMap;

/// What an evaluation leaves in a folder: `results.json`, a line for each item of each task, a picture of each needle task. Files of
/// the same names are replaced.
public final class EvalFiles {
  private static final int WIDTH = 560;
  private static final int HEIGHT = 420;

  private EvalFiles() {}

  /// What one model did.
  public record Side(String model, String place, List<TaskResult> results) {}

  /// @param sides one model, or two that are compared
  /// @throws DataException if the folder cannot be written
  public static void write(Path folder, List<TaskSet> tasks, List<Side> sides, List<Comparison> comparisons) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw DataException.cannotWrite(folder, e);
    }
    var json = JsonNodeFactory.instance.objectNode();
    var models = json.putArray("models");
    for (int i = 0; i < sides.size(); i++) {
      Side side = sides.get(i);
      var node = models.addObject().put("model", side.model).put("place", side.place);
      side.results.forEach(r -> node.withArray("tasks").add(result(r)));
      for (var task : tasks) {
        side.results.stream().filter(r -> r.task().equals(task.name())).forEach(items(folder, i == 0 ? "" : "-second"));
      }
    }
    comparisons.forEach(c -> json.withArray("comparison").add(comparison(c)));
    JsonFile.write(folder.resolve("results.json"), json);
  }

  private static Consumer<TaskResult> items(Path folder, String suffix) {
    return result -> {
      String name = result.task().replaceAll("[^\\w.-]", "_") + suffix;
      var lines = new StringBuilder();
      result.items().forEach(item -> lines.append(item.output()).append('\n'));
      AtomicFile.write(folder.resolve(name + ".jsonl"), lines.toString());
      if (result.needle() != null) {
        AtomicFile.write(folder.resolve(name + ".svg"), picture(result.task(), result.needle()).standalone(WIDTH, HEIGHT));
      }
    };
  }

  /// The cells of a needle task: lengths across, depths down.
  public static HeatMap picture(String task, NeedleResult needle) {
    return new HeatMap(task, "% found", "tokens", needle.grid().lengths().stream().map(n -> Integer.toString(n)).toList(), "depth",
        needle.grid().depths().stream().map(d -> d + "%").toList(), needle.byDepth());
  }

  private static ObjectNode result(TaskResult r) {
    var node = JsonNodeFactory.instance.objectNode().put("task", r.task()).put("prompts_sha256", r.prompts())
        .put("items", r.items().size()).put("tokens", r.tokens()).put("seconds", r.seconds());
    r.metrics().forEach(m -> node.withObject("metrics").set(m.name(), metric(m)));
    if (r.needle() != null) {
      r.needle().cells().forEach(c -> node.withArray("cells").addObject().put("length", c.length()).put("depth", c.depth())
          .put("found", c.found()).put("asked", c.asked()));
    }
    return node;
  }

  private static ObjectNode metric(Metric m) {
    var node = JsonNodeFactory.instance.objectNode();
    put(node, "value", m.estimate().value());
    put(node, "standard_error", m.estimate().standardError());
    return node.put("n", m.estimate().n());
  }

  private static ObjectNode comparison(Comparison c) {
    var node = JsonNodeFactory.instance.objectNode().put("task", c.task());
    for (var f : c.figures()) {
      var figure = JsonNodeFactory.instance.objectNode();
      put(figure, "first", f.first().estimate().value());
      put(figure, "second", f.second().estimate().value());
      put(figure, "mean_item_difference", f.test().difference());
      figure.put("test", f.test().name());
      put(figure, "p", f.test().p());
      node.withObject("figures").set(f.first().name(), figure);
    }
    return node;
  }

  /// JSON knows no number that is none.
  private static void put(ObjectNode node, String key, double value) {
    if (Double.isFinite(value)) {
      node.put(key, value);
    } else {
      node.putNull(key);
    }
  }
}
