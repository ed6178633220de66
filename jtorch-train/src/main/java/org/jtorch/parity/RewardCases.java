package org.jtorch.parity;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.jtorch.head.BradleyTerry;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Cases of the kind `reward_model`: scores of pairs, all chosen rows before all rejected ones, against stored scores, losses
/// and gradients.
final class RewardCases {
  private static final BradleyTerry LOSS = new BradleyTerry();

  private RewardCases() {}

  static void run(Path folder, Findings findings) {
    HeadRun.forEachConfig(folder, findings, run -> {
      findings.part(run.row("last_token"), () -> lastToken(run));
      run.outputs();
      run.loss("loss", scores -> LOSS.loss(scores, margins(run)));
      run.loss("loss_no_margin", scores -> LOSS.loss(scores, null));
      run.gradients(scores -> LOSS.loss(scores, margins(run)));
    });
  }

  private static @Nullable Tensor margins(HeadRun run) {
    return run.io().has("margins") ? run.io().tensor("margins") : null;
  }

  /// The mask and the padding token must lead to the same place.
  private static void lastToken(HeadRun run) {
    if (run.model() instanceof DecoderClassifier model && model.padToken() != null) {
      for (String prefix : new String[] {"", "leftpad."}) {
        if (run.io().has(prefix + "attention_mask")) {
          try (var _ = TensorScope.open()) {
            Tensor ids = run.io().tensor(prefix + "input_ids");
            run.exact(prefix + "last_token", model.lastToken(ids, run.io().tensor(prefix + "attention_mask").eq(1)),
                model.lastToken(ids, null));
          }
        }
      }
    }
  }
}
