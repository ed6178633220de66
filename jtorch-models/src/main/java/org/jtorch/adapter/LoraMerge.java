package org.jtorch.adapter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Supplier;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;

/// One merge: the weights as they were, and how to go back.
final class LoraMerge implements AutoCloseable {
  private final List<LoraWeights> parts;
  private final SequencedMap<Weight, Tensor> before = new LinkedHashMap<>();
  private final TensorOwner owner = new TensorOwner();

  LoraMerge(List<LoraWeights> parts) {
    this.parts = parts;
    for (var p : parts) {
      if (p.base().parameter().isGivenUp()) {
        throw new IllegalStateException("\"" + p.module() + "\" is quantized, and rounding to its values again would lose the adapter: "
            + "merge into the model as it was before, or keep the adapter beside it");
      }
      if (p.base().parameter().isMapped()) {
        throw new IllegalStateException("\"" + p.module() + "\" is a mapped file, which merging cannot change: load the model with "
            + "Pretrained.load(...), which copies it");
      }
    }
  }

  /// @param logits runs the model
  /// @param switchOff makes it run without adapters
  MergeReport run(Supplier<Tensor> logits, Runnable switchOff) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor unmerged = precise(logits.get());
      var changes = add();
      switchOff.run();
      Tensor merged = precise(logits.get());
      return new MergeReport(largest(merged.sub(unmerged)), largest(unmerged), changes);
    }
  }

  /// Adds the products to the weights.
  List<MergeReport.Changed> add() {
    var changes = new ArrayList<MergeReport.Changed>();
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      for (var p : parts) {
        changes.add(add(p));
      }
      return changes;
    } catch (RuntimeException e) {                       // leave nothing half merged
      undo();
      throw e;
    }
  }

  private MergeReport.Changed add(LoraWeights p) {
    try (var _ = TensorScope.open()) {
      Weight w = p.base();
      Tensor old = owner.own(w.view().detach().copy());
      Tensor sum = p.merged();
      w.view().detach().copyInPlace(sum);
      before.put(w, old);
      Tensor now = w.view().to(sum.dtype());
      return new MergeReport.Changed(w.name(), largest(now.sub(old.to(sum.dtype()))), largest(now.sub(sum)));
    }
  }

  private static Tensor precise(Tensor t) {
    return t.dtype() == DType.F64 ? t : t.to(DType.F32);
  }

  private static double largest(Tensor t) {
    return t.abs().max().item();
  }

  /// Puts the weights back as they were.
  void undo() {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      before.forEach((w, old) -> w.view().detach().copyInPlace(old));
    }
    close();
  }

  @Override public void close() {
    before.clear();
    owner.close();
  }
}
