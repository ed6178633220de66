package org.jtorch.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.Arrays;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.CausalLm;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.nn.Pass;
import org.jtorch.optim.AdamW;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;

/// Two losses to come, from the parts that are there: preferences from log-probabilities, and a teacher on the chunk loop.
class PreferenceSketchesTest {
  private static final int VOCAB = 29;

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                                        // the caller closes it
  private static Decoder model(long seed) {
    return Decoder.create(Llama.shape(VOCAB, 16, 32, 2, 2, 1, 8, 16, new Rope(10_000, RopeScaling.NONE), 1e-5, true), Device.CPU, DType.F32,
        Rng.of(seed));
  }

  // ---- DPO (arXiv:2305.18290, eq. 7): -log sigma(beta ((pi_c - ref_c) - (pi_r - ref_r)))

  /// Rows chosen, rejected, chosen, ...; each prompt of two tokens, answers of four.
  private record Pairs(Tensor ids, long[] targets) {
    static Pairs of(long... seeds) {
      var ids = new long[seeds.length * 2 * 6];
      var targets = new long[ids.length];
      Arrays.fill(targets, Tokens.IGNORE);
      for (int row = 0; row < seeds.length * 2; row++) {
        for (int t = 0; t < 6; t++) {
          ids[row * 6 + t] = t < 2 ? seeds[row / 2] : 3 + (seeds[row / 2] + t * (row % 2 + 1)) % (VOCAB - 3);
          if (t >= 2) {
            targets[row * 6 + t - 1] = ids[row * 6 + t];
          }
        }
      }
      return new Pairs(Ops.of(ids, Device.CPU, seeds.length * 2L, 6), targets);
    }

    /// Sum of each row's log-probabilities. `[rows]`
    Tensor logps(CausalLm model, Pass pass) {
      return new TokenLogProbs().of(model, model.hidden(ids, pass, null), targets, pass.tape()).view(ids.size(0), 6).sum(1, false);
    }
  }

  private static Tensor margin(Tensor pi, Tensor reference) {
    Tensor ratio = pi.sub(reference).view(-1, 2);
    return ratio.select(1, 0).sub(ratio.select(1, 1));
  }

  @Test void dpoWidensTheMargin() {
    try (var policy = model(1); var reference = model(1); var adam = AdamW.over(policy.parameters(), 0, AdamW.Options.DEFAULT)) {
      policy.requiresGrad(true);
      double first = 0;
      double last = 0;
      for (int step = 0; step < 30; step++) {
        try (var tape = GradTape.open()) {
          var pairs = Pairs.of(3, 5, 8, 11);
          Tensor kept;
          try (var _ = Grad.off()) {
            kept = pairs.logps(reference, Pass.EMPTY);
          }
          Tensor loss = Ops.logSigmoid(margin(pairs.logps(policy, Pass.training(tape)), kept).mul(0.1)).mean().neg();
          first = step == 0 ? loss.item() : first;
          last = loss.item();
          tape.backward(loss);
        }
        adam.step(3e-3);
      }
      assertThat(first).as("the policy is the reference: ln 2").isCloseTo(Math.log(2), within(1e-6));
      assertThat(last).isLessThan(0.5 * first);
    }
    assertThat(TensorScope.stats().live()).isZero();
  }
}
