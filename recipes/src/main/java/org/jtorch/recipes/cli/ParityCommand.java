package org.jtorch.recipes.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.cases.AlignCases;
import org.jtorch.parity.ParityRunner;
import org.jtorch.parity.Row;
import org.jtorch.parity.Row.Verdict;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.tensor.DType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch parity`: compares this version with stored values of other implementations.
@Command
final class ParityCommand implements Callable<Integer> {
  private static final int CASE = 28;
  private static final int WHAT = 56;

  @Spec @Nullable CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "A folder with cases (folders that hold a case.json), at any depth.")
  Path dir = Path.of("");

  @Option(names = "--tolerance", paramLabel = "X",
      description = "Pass what differs by at most X, absolutely or relatively, instead of by the case's own tolerances.")
  @Nullable Double tolerance;

  @Option(names = "--dtype", paramLabel = "NAME",
      description = "bf16 or f16: run the models in it and print how far logits and gradients are from the stored float32 values.")
  @Nullable String dtype;

  @Option(names = "--strict", description = "Fail too if a case is left out because this version does not support it.")
  boolean strict;

  @Option(names = "--json", description = "Print one line of JSON for each comparison.")
  boolean json;

  @Override public Integer call() {
    if (tolerance != null && !(tolerance >= 0)) {
      throw new IllegalArgumentException("--tolerance must be >= 0 but was " + tolerance + "; 1e-4 is a valid value");
    }
    var out = Output.of(spec);
    if (!json) {
      out.println(line("CASE", "WHAT", "MAX ABS", "MAX REL", "VERDICT", ""));
    }
    var limit = tolerance == null ? OptionalDouble.empty() : OptionalDouble.of(tolerance);
    var rows = dtype == null ? ParityRunner.run(dir, limit, AlignCases.all(), row -> print(row, out))
        : ParityRunner.precision(dir, type(dtype), row -> print(row, out));
    long failed = count(rows, Verdict.FAIL);
    long skipped = count(rows, Verdict.SKIP);
    if (!json) {
      out.println(summary(rows, failed, skipped));
    }
    out.flush();
    return failed > 0 || (strict && skipped > 0) ? ExitCodes.CHECK_FAILED : ExitCodes.DONE;
  }

  private static DType type(String name) {
    return switch (name) {
      case "bf16" -> DType.BF16;
      case "f16" -> DType.F16;
      default -> throw new IllegalArgumentException("--dtype is bf16 or f16 here but was " + name
          + "; without it the stored float32 values are judged");
    };
  }

  private void print(Row row, PrintWriter out) {
    if (json) {
      out.println(row.json());
    } else {
      boolean explain = row.verdict() != Verdict.PASS;
      out.println(line(row.folder(), row.what(), number(row.maxAbs()), number(row.maxRel()), row.verdict().name(),
          explain ? row.note() : ""));
    }
    out.flush();
  }

  /// A row of the table; a column that overflows pushes the rest to the right.
  private static String line(String folder, String what, String abs, String rel, String verdict, String note) {
    return String.format(Locale.ROOT, "%-" + CASE + "s  %-" + WHAT + "s  %8s  %8s  %-7s  %s", folder, what, abs, rel, verdict, note)
        .stripTrailing();
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.1e", value);
  }

  private static long count(List<Row> rows, Verdict verdict) {
    return rows.stream().filter(r -> r.verdict() == verdict).count();
  }

  private static String summary(List<Row> rows, long failed, long skipped) {
    long cases = rows.stream().map(Row::folder).distinct().count();
    long measured = count(rows, Verdict.MEASURED);
    return String.format(Locale.ROOT, "%s: %s%d failed, %d left out as not supported", cases == 1 ? "1 case" : cases + " cases",
        measured > 0 ? measured + " differences measured, " : rows.size() - failed - skipped + " comparisons passed, ", failed, skipped);
  }
}
