package org.jtorch.parity;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Consumer;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.DType;

/// Runs every case below a folder: what was computed elsewhere and stored, against this version of JTorch.
///
/// ```java
/// var rows = ParityRunner.run(Path.of("parity"), OptionalDouble.empty(), IO::println);
/// boolean good = rows.stream().noneMatch(r -> r.verdict() == Row.Verdict.FAIL);
/// ```
public final class ParityRunner {
  private static final String CASE = "case.json";
  private static final Set<String> OPTIMIZERS = Set.of("optim_adamw", "optim_sgd", "optim_muon", "optim_adafactor");

  private record Found(Path folder, String name, String kind, String caseName) {}

  private ParityRunner() {}

  /// Runs all cases, models first. What fails, for whatever reason, is a row; the others still run.
  ///
  /// @param tolerance replaces the tolerances of the cases, except where values must be equal
  /// @param listener sees every row as soon as it is known
  /// @throws DataException if there is no case, or a `case.json` cannot be read
  public static List<Row> run(Path dir, OptionalDouble tolerance, Consumer<Row> listener) {
    return run(dir, tolerance, List.of(), listener);
  }

  /// The same with cases that modules above this one run.
  ///
  /// @param more asked first
  public static List<Row> run(Path dir, OptionalDouble tolerance, List<? extends CaseKind> more, Consumer<Row> listener) {
    var rows = new ArrayList<Row>();
    for (var found : find(dir)) {
      var findings = new Findings(found.name, tolerance, row -> {
        rows.add(row);
        listener.accept(row);
      });
      findings.part(found.kind, () -> more.stream().filter(k -> k.knows(found.kind, found.caseName)).findFirst()
          .ifPresentOrElse(k -> k.run(found.folder, findings), () -> run(found, findings)));
    }
    return rows;
  }

  /// Runs the model cases in another type and tells how far their logits and gradients are from the stored float32 values.
  ///
  /// @throws DataException if there is no case, or a `case.json` cannot be read
  public static List<Row> precision(Path dir, DType type, Consumer<Row> listener) {
    var rows = new ArrayList<Row>();
    for (var found : find(dir)) {
      if (found.kind.equals("causal_lm")) {
        var findings = new Findings(found.name, OptionalDouble.empty(), row -> {
          rows.add(row);
          listener.accept(row);
        });
        findings.part(found.kind, () -> PrecisionCases.run(found.folder, type, findings));
      }
    }
    return rows;
  }

  private static List<Found> find(Path dir) {
    if (!Files.isDirectory(dir)) {
      throw new DataException(dir + ": no such folder; give one with parity cases (folders that hold a " + CASE + ")");
    }
    try (var files = Files.walk(dir)) {
      var found = files.filter(f -> f.endsWith(CASE)).map(f -> open(dir, f))
          .sorted(Comparator.comparing((Found f) -> !f.kind.equals("causal_lm")).thenComparing(Found::name)).toList();
      if (found.isEmpty()) {
        throw new DataException(dir + ": no parity case is here; a case is a folder that holds a " + CASE);
      }
      return found;
    } catch (IOException | UncheckedIOException e) {
      throw new DataException(dir + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static Found open(Path dir, Path file) {
    var json = JsonFile.open(file);
    Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file has a folder");
    String name = dir.toAbsolutePath().relativize(folder).toString().replace('\\', '/');
    String caseName = json.requiredString("case");
    return new Found(folder, name.isEmpty() ? caseName : name, json.requiredString("kind"), caseName);
  }

  private static void run(Found found, Findings findings) {
    switch (found.kind) {
      case "causal_lm" -> ModelCases.run(found.folder, findings);
      case "lora" -> LoraCases.run(found.folder, findings);
      case "sequence_classifier" -> ClassifierCases.run(found.folder, findings);
      case "reward_model" -> RewardCases.run(found.folder, findings);
      case "trajectory" -> TrajectoryCases.run(found.folder, findings);
      case "rope" -> RopeCases.run(found.folder, findings);
      case "merge" -> MergeCases.run(found.folder, findings);
      case "loss" -> LossCases.run(found.folder, findings);
      case "tokenizer" -> TextCases.tokenizer(found.folder, findings);
      case "jinja" -> JinjaCases.run(found.folder, findings);
      case "chat_template" -> TextCases.template(found.folder, findings);
      case "sampling" -> SamplingCases.run(found.folder).forEach(findings::add);
      case "schedule" -> ScheduleCases.run(found.folder).forEach(findings::add);
      case "ema", "grad_clip" -> OptimizerCases.run(found.folder).forEach(findings::add);
      case "optimizer" -> {
        if (!OPTIMIZERS.contains(found.caseName)) {
          throw new NotSupportedException("the optimizer of \"" + found.caseName + "\" is not supported by this version");
        }
        OptimizerCases.run(found.folder).forEach(findings::add);
      }
      default -> throw new NotSupportedException("cases of the kind \"" + found.kind + "\" are not supported by this version");
    }
  }
}
