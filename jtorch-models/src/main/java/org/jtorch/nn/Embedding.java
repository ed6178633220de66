package org.jtorch.nn;

import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Rows of a table by token id. weight `[V, C]`
public final class Embedding extends Layer {
  private final Parameter weight;

  public Embedding(int vocab, int dim, double std) {
    weight = parameter("weight", new Init.Normal(std), vocab, dim);
  }

  public Parameter weight() {
    return weight;
  }

  @Override protected Tensor forward(Tensor ids, Pass pass) {             // int64 [B, T]
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
