package org.jtorch.loss;

import org.jtorch.decoder.CausalLm;
import org.jtorch.tensor.Tensor;

/// Where a student's targets come from: a larger model's logits, a chunk of positions at a time.
public interface Teacher {
  /// @param rows index of each position in the batch, int64 `[n]`
  /// @return `[n, U]`, of any float type; called without gradients. U need not be the student's number of tokens, but tokens
  ///     have the same ids
  Tensor logits(Tensor rows);

  /// A model beside the student.
  ///
  /// @param hidden its output for the same batch, `[B, T, C]`
  static Teacher of(CausalLm model, Tensor hidden) {
    Tensor flat = hidden.reshape(-1, hidden.size(2));
    return rows -> model.logits(flat.indexSelect(0, rows));
  }
}
