package org.jtorch.distill;

import java.util.function.Function;
import org.jtorch.data.Batch;
import org.jtorch.data.SparseRows;
import org.jtorch.decoder.CausalLm;
import org.jtorch.loss.SparseDistillation;
import org.jtorch.loss.SparseTargets;
import org.jtorch.loss.Teacher;
import org.jtorch.loss.TokenLoss;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.train.BatchLoss;
import org.jtorch.train.BatchTensors;

/// What a [org.jtorch.train.Pretrainer] minimises when a teacher says what is right.
///
/// ```java
/// var loss = Teaching.beside(teacher, t -> new Distillation(t, new Divergence.SoftCrossEntropy()));
/// new Pretrainer(student, optimizer, batches, options, loss, Ranks.ALONE).fit(Progress.START, log, hooks);
/// ```
public final class Teaching {
  private Teaching() {}

  /// A teacher beside the student: it reads the same rows, micro-batch by micro-batch, without gradients and before the student does.
  /// Of its work only the hidden states under its head stay until the micro-batch is done; its logits are made chunk by chunk.
  ///
  /// @param teacher has the student's tokenizer and is on its device; it is not closed
  /// @param loss of the tokens, given what the teacher says of them
  public static BatchLoss beside(CausalLm teacher, Function<Teacher, TokenLoss> loss) {
    return (micro, input) -> loss.apply(Teacher.of(teacher, hidden(teacher, micro, input)));
  }

  /// A teacher's hidden states for some rows. `[B, T, C]`
  static Tensor hidden(CausalLm teacher, Batch rows, BatchTensors input) {
    if (!teacher.fits(rows.seqLen())) {
      throw new IllegalArgumentException("rows have " + rows.seqLen() + " tokens but the teacher allows " + teacher.maxPositions()
          + " positions (`max_position_embeddings`); use shorter rows or another teacher");
    }
    try (var _ = Grad.off()) {
      return teacher.hidden(input.tokens(), input.on(Pass.EMPTY), null);
    }
  }

  /// A teacher that was captured: batches bring what it says, see [org.jtorch.data.TokenBatches#with].
  public static BatchLoss captured(SparseDistillation.Target target) {
    return (micro, input) -> new SparseDistillation(targets(micro, input.tokens().device()), target);
  }

  private static SparseTargets targets(Batch micro, Device device) {
    SparseRows known = micro.teacher();
    if (known == null) {
      throw new IllegalArgumentException("these batches bring no teacher; make them with TokenBatches.with(captured.shards())");
    }
    long n = known.positions();
    return new SparseTargets(Ops.of(known.ids(), device, n, known.k()), Ops.of(known.logProbs(), device, n, known.k()),
        Ops.of(known.rest(), device, n));
  }
}
