package org.jtorch.quant;

import java.util.ArrayList;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// AFM's: `value = table of the row's group[code]`, each value coded as the nearest of its table.
final class LookUpTableCodes extends Codes {
  private final int rows;
  private final Tensor codes;
  private final Tensor tables;

  /// @param codes uint8 `[out, in / 2]`
  /// @param tables float32 `[groups, 16]`
  private LookUpTableCodes(int rows, Tensor codes, Tensor tables) {
    this.rows = rows;
    this.codes = codes;
    this.tables = tables;
  }

  static LookUpTableCodes of(Tensor w, QuantConfig.LookUpTable config) {
    long out = w.size(0);
    long in = w.size(1);
    config.requireFits("the weight", in);
    var codes = new ArrayList<Tensor>();
    var tables = new ArrayList<Tensor>();
    for (long from = 0; from < out; from += config.rows()) {
      long n = Math.min(config.rows(), out - from);
      try (var scope = TensorScope.open()) {
        Tensor x = w.narrow(0, from, n).to(DType.F32).reshape(-1);
        float[] means = KMeans.means(Ops.sort(x, 0, false).values().toFloats(), VALUES);
        Tensor[] bounds = IntStream.range(1, VALUES)
            .mapToObj(i -> Ops.full((means[i - 1] + (double) means[i]) / 2, DType.F32, w.device(), 1)).toArray(Tensor[]::new);
        codes.add(scope.promote(pack(count(x, bounds)).view(n, in / 2)));
        tables.add(scope.promote(Tensor.of(means).to(w.device())));
      }
    }
    return new LookUpTableCodes(config.rows(), Ops.cat(0, codes.toArray(Tensor[]::new)), Ops.stack(0, tables));
  }

  @Override Tensor decode() {
    long out = codes.size(0);
    long groups = tables.size(0);
    Tensor first = Ops.arange(0, groups, codes.device()).to(DType.I32).mul(BYTES).view(groups, 1).expand(groups, rows)
        .reshape(-1, 1).narrow(0, 0, out);                                           // [out, 1]
    return Ops.embedding(pairs(tables), codes.to(DType.I32).add(first)).view(out, -1);
  }

  @Override public void forEachTensor(Consumer<Tensor> action) {
    action.accept(codes);
    action.accept(tables);
  }
}
