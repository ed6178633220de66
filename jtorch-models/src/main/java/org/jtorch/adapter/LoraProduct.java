package org.jtorch.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// LoRA on one product, on one or several of the weights that it stacks: `y + s B (A x)` on each one's rows.
///
/// The parameters are float32; in a model of half precision the products run in its type, as under PyTorch's autocast. All weights of
/// a stack share two products: `A` one below the other, and of `s B` each meets its own part of `A x`. DoRA, which divides
/// by lengths, stays float32 and goes weight by weight.
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
    return lora.isMerged() ? y : lora.config().dora() ? separately(x, y, pass) : together(x, y, pass);
  }

  /// What a generation makes once: A or `s B` as the products take them.
  private record Kept(LoraProduct product, boolean down) {}

  private Tensor together(Tensor x, Tensor y, Pass pass) {
    DType type = x.dtype().isHalf() ? x.dtype() : parts.getFirst().down().dtype();
    Tensor down = kept(pass, true, () -> down().to(type));                           // [Σ r, in]
    Tensor up = kept(pass, false, () -> up(y.size(-1), down.size(0)).to(type));      // [out, Σ r]
    Tensor input = lora.dropout().apply(x.to(type), index, pass);
    return y.add(Ops.linear(Ops.linear(input, down, null), up, null)).to(y.dtype());
  }

  private Tensor kept(Pass pass, boolean down, Supplier<Tensor> make) {
    var frozen = pass.frozen();
    return frozen == null ? make.get() : frozen.keep(new Kept(this, down), make);
  }

  private Tensor down() {
    return parts.size() == 1 ? parts.getFirst().down() : Ops.cat(0, parts.stream().map(LoraWeights::down).toArray(Tensor[]::new));
  }

  /// `s B` of each weight in its rows and in the columns of its part of `A x`, zero elsewhere. `[out, Σ r]`
  private Tensor up(long out, long ranks) {
    if (parts.size() == 1 && parts.getFirst().rows() == out) {
      return parts.getFirst().up();
    }
    var rows = new ArrayList<Tensor>();
    long done = 0;
    long used = 0;
    for (var p : parts) {
      Tensor up = p.up();
      addZeros(rows, up, p.start() - done, ranks);
      long r = up.size(1);
      rows.add(Ops.cat(1, zeros(up, up.size(0), used), up, zeros(up, up.size(0), ranks - used - r)));
      used += r;
      done = p.start() + p.rows();
    }
    addZeros(rows, rows.getFirst(), out - done, ranks);
    return Ops.cat(0, rows.toArray(Tensor[]::new));
  }

  private static void addZeros(List<Tensor> rows, Tensor like, long n, long columns) {
    if (n > 0) {
      rows.add(zeros(like, n, columns));
    }
  }

  private static Tensor zeros(Tensor like, long rows, long columns) {
    return Ops.zeros(like.dtype(), like.device(), rows, columns);
  }

  private Tensor separately(Tensor x, Tensor y, Pass pass) {
    Tensor down = down();                                                            // [Σ r, in]
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
