package org.jtorch.recipes.pretrain;

import org.jspecify.annotations.Nullable;
import org.jtorch.observe.Units;
import org.jtorch.recipes.plan.Workload;
import org.jtorch.tensor.DType;

/// What a teacher beside the student adds to a run.
final class PlannedTeacher {
  private PlannedTeacher() {}

  /// A sentence, by the size of the model alone; null if there is no teacher.
  ///
  /// @param work of a micro-batch of the student
  /// @param flops of this machine's matrix products
  static @Nullable String of(Setup setup, Workload work, DType dtype, double flops) {
    if (!(setup.recipe().train().loss() instanceof LossConfig.Taught taught)) {
      return null;
    }
    var shape = setup.known().model(taught.teacher()).shape();
    var reading = new Workload(shape, work.device(), dtype, work.rows(), work.seqLen(), work.accumulate(), false, work.chunkTokens(), work.packed());
    return "%s, %,d parameters: %s and about %s a step beside the figures here".formatted(taught.teacher(), shape.parameterCount(),
        Units.bytes(shape.parameterCount() * dtype.bytes()), Units.time(work.accumulate() * reading.forwardFlops() / flops));
  }
}
