package org.jtorch.family;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.Decoder;
import org.jtorch.io.DataException;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.WeightReport;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Brings the weights of a file into a model: copied, or used where they lie.
///
/// @param names in the file of the weights that have another there
/// @param type the one of the file
record Loader(SafeTensors file, Decoder model, Map<String, String> names, DType type) {
  /// @throws DataException if the file is not exactly this model's, listing all missing, unexpected and misshapen tensors at once
  static Loader of(SafeTensors file, Decoder model) {
    var wanted = model.weights();
    boolean tied = model.config().tied();
    var names = SharedWeights.names(file, wanted.keySet(), tied);
    var report = WeightReport.compare(wanted, Weight::shape, names, file, n -> harmless(n, tied));
    if (!report.clean()) {
      throw new DataException(report.render(file.source()));
    }
    return new Loader(file, model, names, StoredType.of(file, wanted.keySet().stream().map(n -> names.getOrDefault(n, n)).toList()));
  }

  /// Copies every weight; the model's own memory.
  ///
  /// @param wanted the type of the copies; null for that of the file
  void copy(Device device, @Nullable DType wanted) {
    DType into = wanted == null ? type : wanted;
    var weights = model.weights();
    model.allocate((p, shape) -> Ops.empty(p.typeIn(into), device, shape));
    weights.values().forEach(w -> Pretrained.copy(entry(w), w));
  }

  private SafeTensors.Entry entry(Weight w) {
    return file.get(names.getOrDefault(w.name(), w.name()));
  }

  /// Uses the mapped file as the model's memory; what cannot be used in place is copied. The file closes with the model.
  void map() {
    var weights = new IdentityHashMap<Parameter, List<Weight>>();
    model.weights().values().forEach(w -> weights.computeIfAbsent(w.parameter(), _ -> new ArrayList<>()).add(w));
    model.map(file, p -> {
      var entries = Objects.requireNonNull(weights.get(p), "every parameter has weights").stream().map(this::entry).toList();
      boolean inPlace = entries.size() == 1 || p.mayBePieces();
      DType mine = p.typeIn(type);
      return inPlace ? entries.stream().map(e -> usable(e, mine)).toList() : List.of(stacked(entries, mine));
    });
  }

  /// The stored tensor itself, if it is of the model's type and lies at a multiple of its element size.
  private static Tensor usable(SafeTensors.Entry entry, DType type) {
    boolean asItIs = DType.parse(entry.dtype()) == type && entry.bytes().address() % type.bytes() == 0;
    return asItIs ? Tensor.alias(entry.bytes(), type, entry.shape()) : stacked(List.of(entry), type);
  }

  /// Copies a stored tensor, converting its type.
  static void copy(SafeTensors.Entry entry, Tensor into) {
    Tensor stored = stored(entry);
    into.copyInPlace(stored);
    Narrowing.check(entry.name(), stored, into);
  }

  private static Tensor stacked(List<SafeTensors.Entry> entries, DType type) {
    long[] shape = entries.getFirst().shape();
    shape[0] = entries.stream().mapToLong(e -> e.shape()[0]).sum();
    Tensor all = Ops.empty(type, Device.CPU, shape);
    long row = 0;
    for (var e : entries) {
      long rows = e.shape()[0];
      copy(e, all.narrow(0, row, rows));
      row += rows;
    }
    return all;
  }

  /// A stored tensor in its own type. An odd place in the file is fine for a byte-wise copy only.
  static Tensor stored(SafeTensors.Entry entry) {
    DType type = DType.parse(entry.dtype());
    if (entry.bytes().address() % type.bytes() == 0) {
      return Tensor.alias(entry.bytes(), type, entry.shape());
    }
    Tensor moved = Ops.empty(type, Device.CPU, entry.shape());
    moved.asSegment().copyFrom(entry.bytes());
    return moved;
  }

  /// Copies of a tied matrix, and buffers that old checkpoints stored.
  private static boolean harmless(String name, boolean tied) {
    return name.endsWith("rotary_emb.inv_freq") || (tied && name.equals("lm_head.weight"));
  }
}
