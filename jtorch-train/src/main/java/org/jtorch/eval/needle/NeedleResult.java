package org.jtorch.eval.needle;

import java.util.List;

/// How often the needle was found.
///
/// @param cells by length, then by depth, in the grid's order
public record NeedleResult(NeedleGrid grid, List<Cell> cells) {
  /// One length with one depth.
  ///
  /// @param found of `asked` haystacks
  public record Cell(int length, int depth, int found, int asked) {
    public double accuracy() {
      return (double) found / asked;
    }
  }

  public NeedleResult {
    cells = List.copyOf(cells);
  }

  /// Part of all haystacks whose needle was found.
  public double accuracy() {
    return accuracy(cells);
  }

  /// The same of one length; NaN if the grid does not have it.
  public double accuracy(int length) {
    return accuracy(cells.stream().filter(c -> c.length() == length).toList());
  }

  /// Whether every needle was found: what Llama 3 asks for before it goes on to a longer context (arXiv:2407.21783, section 3.4.2).
  public boolean perfect() {
    return cells.stream().allMatch(c -> c.found() == c.asked());
  }

  private static double accuracy(List<Cell> some) {
    return (double) some.stream().mapToInt(Cell::found).sum() / some.stream().mapToInt(Cell::asked).sum();
  }

  /// The cell's accuracies as rows for a picture: one row a depth, one column a length.
  public double[][] byDepth() {
    var rows = new double[grid.depths().size()][grid.lengths().size()];
    for (int i = 0; i < cells.size(); i++) {
      rows[i % rows.length][i / rows.length] = cells.get(i).accuracy();
    }
    return rows;
  }
}
