package org.jtorch.parity;

import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.jtorch.parity.Row.Verdict;

/// Collects the rows of one case. What throws becomes a failed row, so that the rest of the case still runs.
public final class Findings {
  /// A part of a case.
  public interface Part {
    void run();
  }

  private final String folder;
  private final OptionalDouble tolerance;
  private final Consumer<Row> rows;

  /// @param tolerance replaces the tolerances of the case: a row passes if its largest absolute or its largest
  ///     relative difference is at most this. Exact comparisons (token ids) stay exact.
  Findings(String folder, OptionalDouble tolerance, Consumer<Row> rows) {
    this.folder = folder;
    this.tolerance = tolerance;
    this.rows = rows;
  }

  /// A comparison.
  public void add(Check c) {
    boolean passed = c.passed();
    String note = c.note();
    if (tolerance.isPresent() && Double.isFinite(c.maxAbs())) {
      passed = c.maxAbs() <= tolerance.getAsDouble() || c.maxRel() <= tolerance.getAsDouble();
      note = "tolerance " + tolerance.getAsDouble() + " as given" + (passed == c.passed() ? "" : ", not the case's own: " + note);
    }
    rows.accept(new Row(folder, c.what(), c.maxAbs(), c.maxRel(), passed ? Verdict.PASS : Verdict.FAIL, note));
  }

  /// A difference that is only told.
  void measured(String what, double relative) {
    rows.accept(new Row(folder, what, Double.NaN, relative, Verdict.MEASURED, "from the stored float32 values"));
  }

  /// A part that is left out.
  public void skip(String what, String why) {
    rows.accept(new Row(folder, what, Double.NaN, Double.NaN, Verdict.SKIP, why));
  }

  /// A part that could not be compared.
  public void fail(String what, String why) {
    rows.accept(new Row(folder, what, Double.NaN, Double.NaN, Verdict.FAIL, why));
  }

  /// Runs a part; its rows are those it adds, and one more if it throws.
  public void part(String what, Part part) {
    try {
      part.run();
    } catch (NotSupportedException e) {
      skip(what, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      fail(what, e.getClass().getSimpleName() + ": " + e.getMessage());
    }
  }
}
