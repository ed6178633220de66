package org.jtorch.align.reward;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.align.chats.Grades;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Module;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// AFM's heads beside a reward model's own (arXiv:2407.21075): for each of [Grades#NAMES] a small network from the last token's hidden state
/// to its classes. Learning them keeps the hidden state about more than one number; scoring does not need them.
public final class GradeHeads extends Module {
  /// One of them: `W₂ tanh(W₁ h + b₁) + b₂`.
  private record Head(Linear dense, Linear out) {}

  private final List<Head> heads;

  private GradeHeads(int dim) {
    heads = Grades.NAMES.stream().map(name -> new Head(child(name + ".dense", new Linear(dim, dim, true, 0.02)),
        child(name + ".out_proj", new Linear(dim, Grades.CLASSES, true, 0.02)))).toList();
  }

  /// Fresh heads.
  ///
  /// @param dim of the hidden state, C
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static GradeHeads create(int dim, Device device, DType dtype, Rng rng) {
    var heads = new GradeHeads(dim);
    heads.initialize(device, dtype, rng);
    heads.requiresGrad(true);
    return heads;
  }

  /// hidden `[rows, C]`; result `[rows, 4, 3]`
  Tensor logits(Tensor hidden, Pass pass) {
    try (var scope = TensorScope.open()) {
      var all = IntStream.range(0, heads.size())
          .mapToObj(i -> heads.get(i).out.apply(heads.get(i).dense.apply(hidden, pass).tanh(), pass)).toList();
      return scope.promote(Ops.stack(1, all));
    }
  }
}
