package org.jtorch.distill;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.jtorch.loss.SparseTargets.Reduction;
import org.jtorch.tensor.DType;
import org.jtorch.text.Tokenizer;

/// Captures a teacher, with a mark every few batches, and prints "done".
final class CaptureMain {
  static final Pupils.Rows ROWS = new Pupils.Rows(800, 1);

  private CaptureMain() {}

  /// @param args the tokenizer's folder, that of the targets
  public static void main(String[] args) {
    var clock = new AtomicLong();
    try (var tokenizer = Tokenizer.load(Path.of(args[0])); var teacher = Pupils.model(DType.F32, 2)) {
      var capture = new Capture(teacher, ROWS, tokenizer, new CaptureSettings(Reduction.TOP, 9, 4, 1), Path.of(args[1]),
          () -> clock.addAndGet(4_000_000_000L));
      if (capture.run(_ -> { }, () -> false)) {
        System.out.println("done");
      }
    }
  }
}
