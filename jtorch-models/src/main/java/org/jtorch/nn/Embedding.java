package org.jtorch.nn;

import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Rows of a table by token id. weight `[V, C]`
public final class Embedding extends Layer {
  /// Rows behind the table's own, under ids from the vocabulary's size on: virtual tokens.
  public interface Extra {
    /// n
    int count();

    /// `[n, C]`
    Tensor rows();
  }

  private final Parameter weight;
  private @Nullable Extra extra;
  private boolean hadExtra;

  public Embedding(int vocab, int dim, Init init) {
    weight = parameter("weight", init, vocab, dim);
  }

  public Parameter weight() {
    return weight;
  }

  public @Nullable Extra extra() {
    return extra;
  }

  /// Puts more rows behind the table, or takes them off (null).
  public void extra(@Nullable Extra e) {
    hadExtra |= e != null;
    extra = e;
  }

  @Override protected Tensor forward(Tensor ids, Pass pass) {             // int64 [B, T]
    if (extra != null && pass.adapters()) {
      return extended(ids, pass.frozen() == null ? extra.rows() : pass.frozen().keep(extra, extra::rows), pass);
    }
    if (hadExtra) {
      requireOwn(ids);
    }
    return own(ids, pass);
  }

  /// Callers who had virtual tokens once may still use their ids.
  private void requireOwn(Tensor ids) {
    long vocab = weight.shape()[0];
    long largest = ids.numel() == 0 ? 0 : ids.max().itemLong();
    if (largest >= vocab) {
      throw new IllegalArgumentException("the id " + largest + " is beyond the vocabulary (0 to " + (vocab - 1)
          + "): it is a virtual token, and " + (extra == null ? "those of this model are closed" : "this pass is without adapters")
          + "; leave virtual tokens out of its text");
    }
  }

  private Tensor extended(Tensor ids, Tensor rows, Pass pass) {
    double vocab = weight.shape()[0];
    Tensor virtual = ids.ge(vocab);                                       // [B, T]
    Tensor own = own(ids.maskedFill(virtual, 0), pass);
    Tensor more = Ops.embedding(rows.to(own.dtype()), ids.sub(vocab).to(DType.I64).maskedFill(virtual.not(), 0));
    return Ops.where(virtual.unsqueeze(-1), more, own);                   // [B, T, C]
  }

  private Tensor own(Tensor ids, Pass pass) {
    GradTape tape = pass.tape();
    if (tape == null || !weight.tensor().requiresGrad()) {
      return Ops.embedding(weight.tensor(), ids);                         // [B, T, C]
    }
    try (var _ = Grad.off()) {
      return tape.record(Ops.embedding(weight.tensor(), ids), new Tensor[0], new Tensor[] {ids}, g -> {
        addRows(ids, g);
        return new Tensor[0];
      });
    }
  }

  /// Adds straight into the table's gradient: with tied weights the head has written there already, and no
  /// second table of that size is made.
  private void addRows(Tensor ids, Tensor g) {
    Tensor table = weight.tensor();
    Tensor sum = table.grad();
    if (sum == null) {
      sum = Ops.zeros(table.dtype(), table.device(), weight.shape());
      table.setGrad(sum);
    }
    sum.indexAddInPlace(0, ids.reshape(-1), g.reshape(-1, table.size(1)));
  }
}
