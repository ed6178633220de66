package org.jtorch.recipes.claims;

import org.jtorch.recipes.report.DotChart;

/// A claim's figure: a row for each measure it compares, a point for each seed.
final class ClaimFigure {
  private static final int WIDTH = 760;

  private ClaimFigure() {}

  static String svg(ClaimRecipe recipe, Measured measured) {
    var rows = recipe.figure().measures().stream()
        .map(name -> new DotChart.Row(name.replace('_', ' '), measured.of(name), measured.mean(name), measured.error(name))).toList();
    return new DotChart(recipe.name(), recipe.figure().axis() + "; points: seeds, bars: mean and standard error", rows).standalone(WIDTH);
  }
}
