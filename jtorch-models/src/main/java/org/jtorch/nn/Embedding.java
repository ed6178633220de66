package org.jtorch.nn;

import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Rows of a table by token id. weight `[V, C]`
///
/// What it gives may begin a residual stream, which is float32 even if the table is not.
public final class Embedding extends Layer {
  /// Rows behind the table's own, under ids from the vocabulary's size on: virtual tokens.
  public interface Extra {
    /// n
    int count();

    /// `[n, C]`
    Tensor rows();
  }

  private final Parameter weight;
  private final boolean stream;
  private @Nullable Extra extra;
  private boolean hadExtra;

  public Embedding(int vocab, int dim, Init init) {
    this(vocab, dim, init, false);
  }

  /// A table whose rows begin a residual stream: float32, also from a table of half precision.
  public static Embedding ofStream(int vocab, int dim, Init init) {
    return new Embedding(vocab, dim, init, true);
  }

  private Embedding(int vocab, int dim, Init init, boolean stream) {
    this.stream = stream;
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
      return rows(ids);                                                   // [B, T, C]
    }
    try (var _ = Grad.off()) {
      return tape.record(rows(ids), new Tensor[0], new Tensor[] {ids}, g -> {
        addRows(ids, g);
        return new Tensor[0];
      });
    }
  }

  private Tensor rows(Tensor ids) {
    Tensor rows = Ops.embedding(weight.tensor(), ids);
    return stream && rows.dtype().isHalf() ? rows.to(DType.F32) : rows;
  }

  /// Adds straight into the table's gradient, in float32: with tied weights the head has written there already, and no
  /// second table of that size is made.
  private void addRows(Tensor ids, Tensor g) {
    Tensor sum = weight.gradientSum();
    sum.indexAddInPlace(0, ids.reshape(-1), g.to(sum.dtype()).reshape(-1, sum.size(1)));
  }
}
