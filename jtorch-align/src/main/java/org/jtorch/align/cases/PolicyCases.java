package org.jtorch.align.cases;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.policy.Advantage;
import org.jtorch.align.policy.Averaging;
import org.jtorch.align.policy.ClippedAnswers;
import org.jtorch.align.policy.ClippedTokens;
import org.jtorch.align.policy.Gae;
import org.jtorch.align.policy.GroupMean;
import org.jtorch.align.policy.KlEstimator;
import org.jtorch.align.policy.LeaveOneOut;
import org.jtorch.align.policy.PolicyGradient;
import org.jtorch.align.policy.PolicyLoss;
import org.jtorch.align.policy.PolicyScores;
import org.jtorch.align.policy.TokenRewards;
import org.jtorch.align.policy.Totals;
import org.jtorch.align.policy.ValueLoss;
import org.jtorch.align.policy.Whitening;
import org.jtorch.io.JsonFile;
import org.jtorch.parity.CaseFolder;
import org.jtorch.parity.CaseKind;
import org.jtorch.parity.Findings;
import org.jtorch.parity.Tolerance;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Losses, advantages and shaped rewards of policy optimisation from stored log-probabilities, against TRL.
public final class PolicyCases implements CaseKind {
  private static final Set<String> NAMES = Set.of("ppo", "rloo", "grpo", "gae_advantages", "whitening");
  private static final Tolerance VALUE = new Tolerance(2e-5, 2e-5, false);

  @Override public boolean knows(String kind, String name) {
    return kind.equals("loss") && NAMES.contains(name);
  }

  @Override public void run(Path folder, Findings findings) {
    try (var io = CaseFolder.open(folder)) {
      var run = new Run(io, findings, io.settings().requiredString("case"));
      var variants = io.variants();
      for (int i = 0; i < variants.size(); i++) {
        String v = "v" + i + ".";
        var settings = variants.get(i);
        findings.part(v + "loss", () -> {
          try (var _ = TensorScope.open()) {
            run.variant(settings, v);
          }
        });
      }
    }
  }

  private record Run(CaseFolder io, Findings findings, String name) {
    void variant(JsonFile settings, String v) {
      switch (name) {
        case "rloo" -> rloo(settings, v);
        case "grpo" -> grpo(settings, v);
        case "gae_advantages" -> gae(settings, v);
        case "whitening" -> value(v + "whitened", flat(Whitening.of(rows("values"), settings.optBoolean("shift_mean", true))));
        default -> ppo(settings, v);
      }
    }

    private void rloo(JsonFile settings, String v) {
      boolean plain = settings.optString("term", "").equals("reinforce_leave_one_out");
      double beta = settings.optDouble("beta", 0);
      double[] rewards = io.doubles("rewards");
      var old = floats("old_logps");
      var reference = floats("reference_logps");
      for (int i = 0; i < rewards.length; i++) {
        rewards[i] -= beta * KlEstimator.K1.sum(old.get(i), reference.get(i));
      }
      int k = settings.optInt("num_generations", 4);
      double[] advantages = new LeaveOneOut(settings.optBoolean("normalize_advantages", false)).of(rewards, k);
      if (!plain) {
        value(v + "shaped_rewards", rewards);
      }
      value(v + "advantages", advantages);
      PolicyLoss loss = plain ? new PolicyGradient()
          : new ClippedAnswers(settings.requiredDouble("epsilon_low"), settings.requiredDouble("epsilon_high"));
      loss(loss, advantages, v);
    }

    private void grpo(JsonFile settings, String v) {
      var scale = GroupMean.Scale.valueOf(settings.requiredString("scale_rewards").toUpperCase(Locale.ROOT));
      Advantage advantage = new GroupMean(scale);
      double[] advantages = advantage.of(io.doubles("rewards"), settings.optInt("num_generations", 4));
      if (settings.requiredString("term").equals("advantages")) {
        value(v + "advantages", advantages);
        return;
      }
      Averaging averaging = switch (settings.requiredString("loss_type")) {
        case "grpo" -> new Averaging.PerAnswer();
        case "dr_grpo" -> new Averaging.PerLongest(settings.requiredInt("max_completion_length"));
        default -> new Averaging.PerToken();
      };
      loss(new ClippedTokens(settings.requiredDouble("epsilon_low"), settings.requiredDouble("epsilon_high"), averaging,
          settings.requiredDouble("beta")), advantages, v);
    }

    private void gae(JsonFile settings, String v) {
      var gae = new Gae(settings.requiredDouble("gamma"), settings.requiredDouble("lam"));
      var rewards = rows("rewards");
      var values = rows("values");
      var advantages = new ArrayList<double[]>();
      var returns = new ArrayList<double[]>();
      for (int i = 0; i < rewards.size(); i++) {
        advantages.add(gae.advantages(rewards.get(i), values.get(i)));
        returns.add(Gae.returns(advantages.getLast(), values.get(i)));
      }
      value(v + "advantages", flat(advantages));
      value(v + "returns", flat(returns));
      value(v + "whitened_advantages", flat(Whitening.of(advantages, true)));
    }

    private void ppo(JsonFile settings, String v) {
      switch (settings.requiredString("term")) {
        case "policy" -> policy(settings.requiredDouble("cliprange"), v);
        case "value" -> values(settings.requiredDouble("cliprange_value"), v);
        default -> rewards(settings, v);
      }
    }

    private void policy(double range, String v) {
      Tensor now = io.tensor("new_logps").requiresGrad(true);
      var scores = new PolicyScores(now, io.tensor("old_logps"), null, io.tensor("advantages"), mask());
      double tokens = mask().sum().item();
      var loss = ClippedTokens.ppo(range);
      Tensor found = loss.loss(scores, new Totals(1, tokens));
      found.backward();
      value(v + "loss", found.detach());
      value(v + "ratio", scores.logRatio().exp().detach().mul(mask()));
      value(v + "approxkl_masked", KlEstimator.K2.of(scores.logRatio().detach()).mul(mask()).sum().div(tokens));
      Tensor clipped = loss.clipped(scores);
      if (clipped != null) {
        value(v + "clipfrac", clipped.detach().sum().div(tokens));
      }
      gradient(v + "new_logps", now.grad());
    }

    private void values(double range, String v) {
      Tensor now = io.tensor("new_values").requiresGrad(true);
      double tokens = mask().sum().item();
      var loss = new ValueLoss(range);
      Tensor found = loss.loss(now, io.tensor("old_values"), io.tensor("returns"), mask(), new Totals(1, tokens));
      found.backward();
      value(v + "loss", found.detach());
      value(v + "clipfrac", loss.clipped(now.detach(), io.tensor("old_values"), io.tensor("returns"), mask()).sum().div(tokens));
      gradient(v + "new_values", now.grad());
    }

    private void rewards(JsonFile settings, String v) {
      var estimator = KlEstimator.valueOf(settings.requiredString("kl_estimator").toUpperCase(Locale.ROOT));
      var how = new TokenRewards(settings.requiredDouble("kl_coef"), estimator);
      var old = floats("old_logps");
      var reference = floats("reference_logps");
      double[] scores = io.doubles("scores");
      var shaped = new ArrayList<double[]>();
      double[] sums = new double[scores.length];
      for (int i = 0; i < scores.length; i++) {
        shaped.add(how.of(old.get(i), reference.get(i), scores[i]));
        sums[i] = estimator.sum(old.get(i), reference.get(i));
      }
      value(v + "rewards", flat(shaped));
      value(v + "kl_sum", sums);
    }

    private void loss(PolicyLoss loss, double[] advantages, String v) {
      Tensor now = io.tensor("new_logps").requiresGrad(true);
      Tensor each = Ops.of(floats(advantages), Device.CPU, advantages.length, 1).expand(now.size(0), now.size(1));
      var scores = new PolicyScores(now, io.tensor("old_logps"), io.tensor("reference_logps"), each, mask());
      Tensor found = loss.loss(scores, new Totals(now.size(0), mask().sum().item()));
      found.backward();
      value(v + "loss", found.detach());
      if (io.has("expected." + v + "ratio")) {
        value(v + "ratio", scores.answerLogRatio().detach().exp());
      }
      gradient(v + "new_logps", now.grad());
    }

    // ---- what is stored

    private Tensor mask() {
      return io.tensor("mask").to(DType.F32);
    }

    /// The stored values of each row, up to its end.
    private List<double[]> rows(String of) {
      double[] all = io.doubles(of);
      double[] mask = io.doubles("mask");
      int columns = (int) columns();
      var rows = new ArrayList<double[]>();
      for (int from = 0; from < all.length; from += columns) {
        int length = (int) Arrays.stream(mask, from, from + columns).sum();
        rows.add(Arrays.copyOfRange(all, from, from + length));
      }
      return rows;
    }

    private long columns() {
      try (var _ = TensorScope.open()) {
        return io.tensor("mask").size(1);
      }
    }

    private List<float[]> floats(String of) {
      return rows(of).stream().map(Run::floats).toList();
    }

    private static float[] floats(double[] values) {
      float[] all = new float[values.length];
      for (int i = 0; i < all.length; i++) {
        all[i] = (float) values[i];
      }
      return all;
    }

    /// Rows as they are stored, 0 behind their ends.
    private double[] flat(List<double[]> rows) {
      int columns = (int) columns();
      double[] all = new double[rows.size() * columns];
      for (int r = 0; r < rows.size(); r++) {
        System.arraycopy(rows.get(r), 0, all, r * columns, rows.get(r).length);
      }
      return all;
    }

    private void value(String what, Tensor actual) {
      value(what, actual.toDoubles());
    }

    private void value(String what, double[] actual) {
      if (io.has("expected." + what)) {
        findings.add(Tolerance.of(io.settings(), VALUE, "expected").check(what, actual, io.doubles("expected." + what)));
      }
    }

    private void gradient(String what, @Nullable Tensor gradient) {
      if (gradient == null) {
        findings.fail("grad." + what, "no gradient arrived");
      } else if (io.has("grad." + what)) {
        findings.add(Tolerance.of(io.settings(), Tolerance.GRADIENT, "grad").check("grad." + what, gradient.contiguous().toDoubles(),
            io.doubles("grad." + what)));
      }
    }
  }
}
