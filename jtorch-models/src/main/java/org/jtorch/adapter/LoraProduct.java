package org.jtorch.adapter;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// LoRA on one product, on one or several of the weights that it stacks: `y + s B (A x)` on each one's rows.
final class LoraProduct implements Linear.Adapter {
  private final Lora lora;
  private final int index;
  private final List<LoraWeights> parts;

  LoraProduct(Lora lora, int index, List<LoraWeights> parts) {
    this.lora = lora;
    this.index = index;
    this.parts = List.copyOf(parts);
  }

  @Override public void leftOut() {
    if (lora.isMerged()) {
      throw new IllegalStateException("the adapter is merged, so the model cannot run without it: unmerge() first");
    }
  }

  @Override public Tensor adapt(Tensor x, Tensor y, Pass pass) {                     // [..., in], [..., out]
    if (lora.isMerged()) {
      return y;
    }
    Tensor down = parts.size() == 1 ? parts.getFirst().down()
        : Ops.cat(0, parts.stream().map(LoraWeights::down).toArray(Tensor[]::new));   // [Σ r, in]
    Tensor input = lora.dropout().apply(x.to(down.dtype()), index, pass);
    Tensor dropped = lora.dropout().active(pass) ? input : null;
    Tensor h = Ops.linear(input, down, null);
    int last = y.dim() - 1;
    var rows = new ArrayList<Tensor>();
    long done = 0;
    long used = 0;
    for (var p : parts) {
      if (p.start() > done) {
        rows.add(y.narrow(last, done, p.start() - done));
      }
      long r = p.down().size(0);
      rows.add(p.adapt(h.narrow(last, used, r), y.narrow(last, p.start(), p.rows()), dropped));
      used += r;
      done = p.start() + p.rows();
    }
    if (done < y.size(last)) {
      rows.add(y.narrow(last, done, y.size(last) - done));
    }
    return rows.size() == 1 ? rows.getFirst() : Ops.cat(last, rows.toArray(Tensor[]::new));
  }
}
