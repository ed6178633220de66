package org.jtorch.recipes.plan;

import org.jtorch.observe.Units;

/// Whether a run fits a machine, and what would.
///
/// @param total bytes of the machine
/// @param free bytes of it that nothing uses now
public record Verdict(long total, long free) {
  /// What the rest of the machine keeps.
  private static final double USABLE = 0.95;

  /// One sentence.
  ///
  /// @param w the workload that `need` is of
  public String of(Estimate need, Workload w) {
    long bytes = need.bytes();
    if (bytes <= total * USABLE) {
      return "fits: this machine has %s, %s of it free%s".formatted(Units.bytes(total), Units.bytes(free),
          bytes <= free ? "" : "; end something else before you start it");
    }
    return "does not fit: needs %s, this machine has %s; %s".formatted(Units.bytes(bytes), Units.bytes(total), advice(need, w));
  }

  private String advice(Estimate need, Workload w) {
    long state = need.base() + need.model().total();
    if (state > total * USABLE) {
      return "weights, gradients and optimizer alone take " + Units.bytes(need.model().total()) + ": choose a smaller model";
    }
    int batch = w.rows() * w.accumulate();
    for (int rows = w.rows() - 1; rows >= 1; rows--) {
      long bytes = state + (need.activations() + need.passing()) / w.rows() * rows;
      if (batch % rows == 0 && bytes <= total * USABLE) {
        return "train.accumulate: %d would need %s".formatted(batch / rows, Units.bytes(bytes));
      }
    }
    return w.checkpoint() ? "lower data.seq_len" : "set train.activation_checkpointing: true, or lower data.seq_len";
  }
}
