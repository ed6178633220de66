package org.jtorch.quant;

import org.jtorch.tensor.Tensor;

/// How a weight is held in 4 bits.
public sealed interface QuantConfig {
  /// QLoRA's NF4 with its usual blocks, one float32 for each.
  QuantConfig NF4 = new NormalFloat(64, false);
  /// AFM's: a table of 16 values for every 16 rows (arXiv:2407.21075, section 5.2).
  QuantConfig AFM = new LookUpTable(16);

  /// @param w the weight, `[out, in]`
  Codes encode(Tensor w);

  /// Refuses a weight that the codes cannot hold.
  ///
  /// @param name of the weight, for the message
  /// @param in its inputs
  /// @throws IllegalArgumentException if so
  void requireFits(String name, long in);

  /// Quantiles of a normal distribution times the largest value of a block (arXiv:2305.14314, section 3).
  ///
  /// @param block neighbours that share a scale; blocks run on over the ends of rows, as the weight lies in memory
  /// @param doubleQuant hold the scales in 8 bits too, each 256 of them between their smallest and largest
  record NormalFloat(int block, boolean doubleQuant) implements QuantConfig {
    public NormalFloat {
      if (block < 2 || block % 2 != 0) {
        throw new IllegalArgumentException("an NF4 block must be even and >= 2 but was " + block + "; 64 is usual");
      }
    }

    @Override public Codes encode(Tensor w) {
      return NormalFloatCodes.of(w, this);
    }

    @Override public void requireFits(String name, long in) {
      // blocks take any shape
    }
  }

  /// The 16 means that k-means finds in the values of a group of rows.
  ///
  /// @param rows rows that share a table
  record LookUpTable(int rows) implements QuantConfig {
    public LookUpTable {
      if (rows < 1) {
        throw new IllegalArgumentException("a look-up table needs at least 1 row but was given " + rows + "; 16 is usual");
      }
    }

    @Override public Codes encode(Tensor w) {
      return LookUpTableCodes.of(w, this);
    }

    @Override public void requireFits(String name, long in) {
      if (in % 2 != 0) {
        throw new IllegalArgumentException("a look-up table packs two inputs in a byte, but \"" + name + "\" has " + in
            + " inputs; leave it out of the targets, or use NF4");
      }
    }
  }
}
