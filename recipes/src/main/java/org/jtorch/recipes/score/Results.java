package org.jtorch.recipes.score;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// Figures that a stage leaves: `results/figures.json` in its folder.
///
/// @param figures by name
/// @param seconds that working them out took
public record Results(SequencedMap<String, Double> figures, double seconds) {
  private static final String FILE = "figures.json";

  /// Where a stage's results lie.
  public static Path folder(Path stage) {
    return stage.resolve("results");
  }

  /// Whether a stage has left some.
  public static boolean isIn(Path stage) {
    return Files.exists(folder(stage).resolve(FILE));
  }

  /// @throws DataException if there are none
  public static Results read(Path stage) {
    var file = JsonFile.open(folder(stage).resolve(FILE));
    var figures = new LinkedHashMap<String, Double>();
    var stored = file.object("figures");
    stored.keys().forEach(name -> figures.put(name, stored.requiredDouble(name)));
    return new Results(figures, file.requiredDouble("seconds"));
  }

  /// Writes them, whole or not at all.
  public void write(Path stage) {
    var node = JsonNodeFactory.instance.objectNode();
    var all = node.putObject("figures");
    figures.forEach(all::put);
    node.put("seconds", seconds);
    AtomicFolder.publish(folder(stage), into -> JsonFile.write(into.resolve(FILE), node));
  }

  /// @throws IllegalArgumentException if there is none of that name
  public double figure(String name) {
    Double value = figures.get(name);
    if (value == null) {
      throw new IllegalArgumentException("the results have no figure \"" + name + "\"; they have " + String.join(", ", figures.keySet()));
    }
    return value;
  }
}
