package org.jtorch.recipes.claims;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.MetricsFile;
import org.jtorch.observe.RunEnd;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.score.Results;

/// What a stage of a finished run wrote down.
record StageFigures(Path folder) {
  /// The stage of that name in the folder of a run.
  static StageFigures of(Path run, String stage) {
    return new StageFigures(run.resolve("stages").resolve(stage));
  }

  /// All stages in the folder of a run.
  static List<StageFigures> all(Path run) {
    try (var stages = Files.list(run.resolve("stages"))) {
      return stages.sorted().map(StageFigures::new).toList();
    } catch (IOException e) {
      throw new DataException("cannot list the stages of " + run + ": " + e.getMessage(), e);
    }
  }

  /// A figure.
  ///
  /// @param last the mean over so many validations, from the last one back
  double read(String name, int last) {
    if (Results.isIn(folder)) {
      return Results.read(folder).figure(name);
    }
    List<EvalEvent> evals = evals();
    if (evals.size() < last) {
      throw new DataException(folder + " has " + evals.size() + " validations, not " + last + "; give the stage eval.every");
    }
    return evals.subList(evals.size() - last, evals.size()).stream().mapToDouble(e -> figure(e, name)).average().orElseThrow();
  }

  private double figure(EvalEvent eval, String name) {
    return switch (name) {
      case "loss" -> eval.loss();
      case "bits_per_byte" -> eval.bitsPerByte();
      case "perplexity" -> eval.perplexity();
      default -> {
        Double own = eval.figures().get(name);
        if (own == null) {
          var known = new TreeSet<>(List.of("loss", "bits_per_byte", "perplexity"));
          known.addAll(eval.figures().keySet());
          throw new IllegalArgumentException("the validation of " + folder + " at step " + eval.step() + " has no figure \"" + name
              + "\"; it has " + String.join(", ", known));
        }
        yield own;
      }
    };
  }

  /// The first step whose validation is as good as `loss`; one more than there are if none is.
  long stepsTo(double loss) {
    var evals = evals();
    return evals.stream().filter(e -> e.loss() <= loss).mapToLong(EvalEvent::step).findFirst().orElse(evals.getLast().step() + 1);
  }

  /// A figure where another one first reaches a value.
  double where(Measure.Where at) {
    var evals = evals();
    double x0 = figure(evals.getFirst(), at.reaches());
    double most = x0;
    for (int i = 0; i < evals.size(); i++) {
      double x1 = figure(evals.get(i), at.reaches());
      if (x1 >= at.value()) {
        double y1 = figure(evals.get(i), at.figure());
        return i == 0 ? y1 : y1 + (figure(evals.get(i - 1), at.figure()) - y1) * (x1 - at.value()) / (x1 - x0);
      }
      x0 = x1;
      most = Math.max(most, x1);
    }
    throw new DataException("`" + at.reaches() + "` of " + folder + " comes to " + most + " and does not reach " + at.value()
        + "; train longer, or read at a smaller value");
  }

  private List<EvalEvent> evals() {
    return MetricsFile.read(metrics()).evals();
  }

  private Path metrics() {
    return new RunFolder(folder).metrics();
  }

  /// How long the stage took; 0 where nobody counted.
  double seconds() {
    if (Results.isIn(folder)) {
      return Results.read(folder).seconds();
    }
    return Files.exists(metrics()) ? MetricsFile.read(metrics()).ends().stream().mapToDouble(RunEnd::seconds).sum() : 0;
  }
}
