package org.jtorch.parity;

import java.nio.file.Path;
import org.jtorch.head.EncoderClassifier;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Cases of the kind `sequence_classifier`: an encoder or decoder with a head of classes or of one number, against stored
/// outputs and gradients.
final class ClassifierCases {
  private ClassifierCases() {}

  static void run(Path folder, Findings findings) {
    HeadRun.forEachConfig(folder, findings, run -> {
      findings.part(run.row("position_ids"), () -> positions(run));
      run.outputs();
      run.loss("loss", logits -> loss(run, logits));
      run.gradients(logits -> loss(run, logits));
    });
  }

  private static Tensor loss(HeadRun run, Tensor logits) {
    return run.model().labels().problem().loss(logits, run.io().tensor("labels"));
  }

  /// The stored positions are derived: from the mask, and from the token ids where there is no mask.
  private static void positions(HeadRun run) {
    if (run.model() instanceof EncoderClassifier model && run.io().has("position_ids")) {
      try (var _ = TensorScope.open()) {
        Tensor ids = run.io().tensor("input_ids");
        Tensor stored = run.io().tensor("position_ids");
        run.exact("position_ids (mask)", model.encoder().positions(ids, ModelOutputs.padding(run.io(), "")), stored);
        run.exact("position_ids (tokens)", model.encoder().positions(ids, null), stored);
      }
    }
  }
}
