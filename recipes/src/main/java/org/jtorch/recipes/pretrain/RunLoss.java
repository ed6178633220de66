package org.jtorch.recipes.pretrain;

import com.google.errorprone.annotations.MustBeClosed;
import org.jtorch.data.TokenBatches;
import org.jtorch.distill.CapturedTeacher;
import org.jtorch.distill.Teaching;
import org.jtorch.family.Pretrained;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.train.BatchLoss;

/// The loss of a run, with the teacher that it needs, open.
///
/// @param batches of the run, with what a captured teacher says of them
/// @param teacher what is closed at the end
record RunLoss(BatchLoss loss, TokenBatches batches, Runnable teacher) implements AutoCloseable {
  /// @param dtype of the run, in which a teacher's model works too
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the loss
  static RunLoss open(LossConfig config, TokenBatches batches, Device device, DType dtype) {
    return switch (config) {
      case LossConfig.NextToken plain -> new RunLoss(plain.loss(), batches, () -> { });
      case LossConfig.Taught taught -> {
        var teacher = Pretrained.load(taught.teacher(), device, dtype);
        yield new RunLoss(Teaching.beside(teacher, taught::of), batches, teacher::close);
      }
      case LossConfig.Captured captured -> {
        var teacher = CapturedTeacher.open(captured.path(), batches.rows());
        yield new RunLoss(captured.loss(), batches.with(teacher.shards()), teacher::close);
      }
    };
  }

  @Override public void close() {
    teacher.run();
  }
}
