package org.jtorch.recipes.stage;

import org.jtorch.recipes.run.RunFolder;

/// The report of all stages on one page.
final class StagesReport {
  private StagesReport() {}

  static void write(RunFolder run, Graph graph) {
  }
}
