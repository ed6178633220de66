package org.jtorch.recipes.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jtorch.io.DataException;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.report.HtmlReport;
import org.jtorch.recipes.report.ReportData;
import org.jtorch.tensor.TorchInfo;

/// The report of a run, from what its folder holds: of a finished run, of one that was killed, and of one that goes on at the
/// moment.
public final class RunReport {
  private RunReport() {}

  /// Writes `report.html` and `curve.svg` into the run's folder.
  ///
  /// @return the report
  /// @throws DataException if the folder holds no run, or one that has not made a step
  public static Path write(RunFolder run) {
    var data = data(run);
    if (!data.metrics().steps().isEmpty()) {
      var _ = HtmlReport.curveSvg(run.path(), data);
    }
    return HtmlReport.write(run.path(), data);
  }

  /// What the report of a run shows.
  ///
  /// @throws DataException if the folder holds no run, or one that has measured nothing
  public static ReportData data(RunFolder run) {
    var metrics = MetricsFile.read(run.metrics());
    String title = metrics.starts().isEmpty() ? String.valueOf(run.path().getFileName()) : metrics.starts().getLast().name();
    return new ReportData(title, metrics, recipe(run), environment(), figures(run), text(run.rows()), text(run.part()));
  }

  /// The pictures in the run's folder for them, by their names.
  private static List<String> figures(RunFolder run) {
    if (!Files.isDirectory(run.figures())) {
      return List.of();
    }
    try (var files = Files.list(run.figures())) {
      var svgs = new ArrayList<String>();
      for (Path file : files.filter(f -> f.toString().endsWith(".svg")).sorted().toList()) {
        svgs.add(Files.readString(file));
      }
      return svgs;
    } catch (IOException e) {
      throw new DataException("could not read the figures in " + run.figures() + ": " + e.getMessage(), e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new DataException("could not read " + file + ": " + e.getMessage(), e);
    }
  }

  private static String recipe(RunFolder run) {
    try {
      return Files.readString(run.recipe());
    } catch (IOException e) {
      throw new DataException("could not read " + run.recipe() + ": " + e.getMessage() + "; name the folder of a run", e);
    }
  }

  private static Map<String, String> environment() {
    var environment = new LinkedHashMap<>(TorchInfo.report());
    environment.put("Java", System.getProperty("java.vendor") + " " + Runtime.version());
    environment.put("platform", System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", "
        + Runtime.getRuntime().availableProcessors() + " cores");
    return environment;
  }
}
