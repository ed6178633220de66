package org.jtorch.recipes.pretrain;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
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
record RunLoss(BatchLoss loss, BatchSource<Batch> batches, Runnable teacher) implements AutoCloseable {
  /// @param dtype of the run, in which a teacher's model works too
  /// @throws org.jtorch.io.DataException if the teacher has another tokenizer, or was captured on other rows
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the loss
  static RunLoss open(Setup setup, Corpus corpus, Device device, DType dtype) {
    var batches = corpus.batches();
    return switch (setup.recipe().train().loss()) {
      case LossConfig.NextToken plain -> new RunLoss(plain.loss(), batches, () -> { });
      case LossConfig.Taught taught -> {
        Path folder = setup.known().model(taught.teacher()).folder();
        TeacherTokenizer.require(corpus.tokenizer(), folder);
        var teacher = Pretrained.load(folder, device, dtype);
        yield new RunLoss(Teaching.beside(teacher, taught::of), batches, teacher::close);
      }
      case LossConfig.Captured captured -> {
        if (!(batches instanceof TokenBatches rows)) {
          throw new IllegalArgumentException("a captured teacher needs rows of one length; remove `train.ramp`");
        }
        var teacher = CapturedTeacher.open(setup.known().targets(captured.path()).folder(), rows.rows());
        yield new RunLoss(captured.loss(), rows.with(teacher.shards()), teacher::close);
      }
    };
  }

  @Override public void close() {
    teacher.run();
  }
}
