package org.jtorch.parity;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.io.JsonFile;
import org.jtorch.optim.Schedule;
import org.jtorch.optim.Schedule.Shape;

/// Runs cases of the kind `schedule`.
public final class ScheduleCases {
  private ScheduleCases() {}

  /// @throws IllegalArgumentException for a schedule that this class does not know
  public static List<Check> run(Path caseFolder) {
    var checks = new ArrayList<Check>();
    try (var folder = CaseFolder.open(caseFolder)) {
      var settings = folder.settings().object("settings");
      double peak = settings.requiredDouble("peak");
      for (String name : folder.under("expected.")) {
        var schedule = build(name, settings);
        var expected = folder.doubles("expected." + name);
        // past its end, a cosine of the reference rises again: informative only, ours stays at the floor
        int length = schedule instanceof Schedule.Cosine(_, long steps, _)
            ? (int) Math.min(expected.length, steps + 1) : expected.length;
        var actual = IntStream.range(0, length).mapToDouble(t -> peak * schedule.at(t)).toArray();
        checks.add(folder.compare("expected." + name, actual, Arrays.copyOf(expected, length)));
      }
    }
    return checks;
  }

  private static Schedule build(String name, JsonFile s) {
    long warmup = s.requiredLong("warmup");
    double floor = s.requiredDouble("min_ratio");
    return switch (name) {
      case "cosine" -> new Schedule.Cosine(warmup, s.requiredLong("steps"), 0);
      case "cosine_min" -> new Schedule.Cosine(warmup, s.requiredLong("steps"), floor);
      case "linear" -> new Schedule.Linear(warmup, s.requiredLong("steps"), 0);
      case "constant" -> new Schedule.Constant(warmup);
      case "wsd_linear" -> wsd(s, Shape.LINEAR);
      case "wsd_cosine" -> wsd(s, Shape.COSINE);
      case "wsd_1-sqrt" -> wsd(s, Shape.ONE_MINUS_SQRT);
      default -> throw new IllegalArgumentException(s.path() + ": no schedule '" + name
          + "'; known: cosine, cosine_min, linear, constant, wsd_linear, wsd_cosine, wsd_1-sqrt");
    };
  }

  private static Schedule wsd(JsonFile s, Shape shape) {
    return new Schedule.Wsd(s.requiredLong("warmup"), s.requiredLong("stable"), s.requiredLong("decay"), shape,
        s.requiredDouble("min_ratio"));
  }
}
