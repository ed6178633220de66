package org.jtorch.recipes.claims;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.StreamSupport;
import org.jtorch.io.JsonFile;

/// What came out of a claim's runs: every number of every seed, and what the rules say of them. It lies as `results.json` in the claim's
/// folder; tables and documents are written from that.
///
/// @param judged the rules that count
/// @param beside those that are only told
/// @param minutes that all stages of all seeds took together
record Verdict(String name, String claim, String source, String tuned, Measured measured, List<Outcome> judged, List<Outcome> beside,
    double minutes) {
  static final String FILE = "results.json";
  static final String FIGURE = "figure.svg";

  /// Whether all rules that count hold.
  boolean reproduced() {
    return judged.stream().allMatch(Outcome::holds);
  }

  /// Whether a claim's folder holds results.
  static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(FILE));
  }

  void write(Path folder) {
    var node = JsonNodeFactory.instance.objectNode();
    node.put("name", name).put("claim", claim).put("source", source).put("tuned", tuned).put("reproduced", reproduced()).put("minutes", minutes);
    var seeds = node.putArray("seeds");
    measured.seeds().forEach(seeds::add);
    var measures = node.putObject("measures");
    measured.values().forEach((measure, values) -> DoubleStream.of(values).forEach(measures.withArray(measure)::add));
    outcomes(node.putArray("judged"), judged);
    outcomes(node.putArray("beside"), beside);
    JsonFile.write(folder.resolve(FILE), node);
  }

  private static void outcomes(ArrayNode into, List<Outcome> outcomes) {
    for (Outcome outcome : outcomes) {
      var node = into.addObject().put("text", outcome.text()).put("holds", outcome.holds());
      DoubleStream.of(outcome.differences()).forEach(node.putArray("differences")::add);
    }
  }

  static Verdict read(Path folder) {
    var file = JsonFile.open(folder.resolve(FILE));
    var values = new LinkedHashMap<String, double[]>();
    file.object("measures").node().properties().forEach(each -> values.put(each.getKey(), numbers(each.getValue())));
    var seeds = StreamSupport.stream(file.node().path("seeds").spliterator(), false).map(JsonNode::longValue).toList();
    return new Verdict(file.requiredString("name"), file.requiredString("claim"), file.requiredString("source"), file.requiredString("tuned"),
        new Measured(seeds, values), outcomes(file, "judged"), outcomes(file, "beside"), file.requiredDouble("minutes"));
  }

  private static List<Outcome> outcomes(JsonFile file, String key) {
    return file.objects(key).stream().map(each -> new Outcome(each.requiredString("text"), each.requiredBoolean("holds"),
        numbers(each.node().path("differences")))).toList();
  }

  private static double[] numbers(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToDouble(JsonNode::doubleValue).toArray();
  }

  /// `reproduced` or `not reproduced`.
  String word() {
    return reproduced() ? "reproduced" : "not reproduced";
  }

  /// All of it as text for the terminal.
  String table() {
    int width = Math.max(7, measured.values().keySet().stream().mapToInt(String::length).max().orElse(0)) + 2;
    var out = new StringBuilder(pad("measure", width)).append(right("mean")).append(right("SE"));
    measured.seeds().forEach(seed -> out.append(right("seed " + seed)));
    measured.values().forEach((measure, values) -> {
      out.append('\n').append(pad(measure, width)).append(right(number(measured.mean(measure)))).append(right(number(measured.error(measure))));
      DoubleStream.of(values).forEach(v -> out.append(right(number(v))));
    });
    judged.forEach(outcome -> out.append('\n').append(outcome.holds() ? "holds:  " : "fails:  ").append(outcome.describe()));
    beside.forEach(outcome -> out.append('\n').append("beside: ").append(outcome.describe()).append(outcome.holds() ? "" : ": no"));
    return out.append('\n').append(name).append(": ").append(word()).append(String.format(Locale.ROOT, " (%.1f minutes)", minutes)).toString();
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(1, width - text.length()));
  }

  private static String right(String text) {
    return " ".repeat(Math.max(1, 11 - text.length())) + text;
  }

  /// Four digits behind the point, fewer for what is large.
  static String number(double value) {
    double size = Math.abs(value);
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, size >= 1000 ? "%.0f" : size >= 100 ? "%.1f" : "%.4f", value);
  }
}
