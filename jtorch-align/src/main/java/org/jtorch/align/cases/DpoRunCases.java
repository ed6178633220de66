package org.jtorch.align.cases;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.align.preference.Dpo;
import org.jtorch.align.preference.DpoTrainer;
import org.jtorch.align.preference.PreferencePair;
import org.jtorch.align.preference.Reference;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.io.JsonFile;
import org.jtorch.nn.Weight;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.ParameterGroup;
import org.jtorch.optim.Schedule;
import org.jtorch.parity.CaseFolder;
import org.jtorch.parity.CaseKind;
import org.jtorch.parity.Findings;
import org.jtorch.parity.Tolerance;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.TrainOptions;

/// The case `train_dpo` of the kind `trajectory`: DPO step by step with [DpoTrainer]'s gradients, against TRL and PyTorch.
public final class DpoRunCases implements CaseKind {
  private static final String ACCURACY = "rewards_accuracy";
  private static final String NORMS = "final_weight_norm";

  @Override public boolean knows(String kind, String name) {
    return kind.equals("trajectory") && name.equals("train_dpo");
  }

  @Override public void run(Path folder, Findings findings) {
    try (var io = CaseFolder.open(folder);
        var policy = Pretrained.load(folder.resolve("policy"), Device.CPU, DType.F32);
        var frozen = Pretrained.load(folder.resolve("reference"), Device.CPU, DType.F32)) {
      var found = train(io, policy, Reference.of(frozen));
      found.forEach((name, values) -> compare(io, name, values, findings));
      norms(io, policy.weights(), findings);
    }
  }

  /// What each step found before its update, by name.
  private static SequencedMap<String, double[]> train(CaseFolder io, Decoder policy, Reference reference) {
    JsonFile s = io.settings().object("settings");
    int steps = s.requiredInt("steps");
    JsonNode betas = s.node().path("betas");
    var adam = new AdamW.Options(betas.path(0).asDouble(0.9), betas.path(1).asDouble(0.999), s.optDouble("eps", 1e-8));
    var batches = batches(io);
    var found = new LinkedHashMap<String, double[]>();
    policy.requiresGrad(true);
    try (var optimizer = AdamW.over(List.of(new ParameterGroup(policy.parameters(), s.optDouble("weight_decay", 0.01))), adam)) {
      var options = DpoTrainer.Options.of(new Dpo(s.requiredDouble("beta")), new Collator(s.requiredInt("seq"), 1),
          TrainOptions.of(steps, s.requiredDouble("lr"), new Schedule.Constant(0)));
      var source = new ExampleBatches<>(0, batches.getFirst().size(), batches.getFirst(), List::copyOf);
      var trainer = new DpoTrainer(policy, reference, optimizer, source, options);
      for (int t = 0; t < steps; t++) {
        int at = t;
        var loss = trainer.gradients(batches.get(t % batches.size()));
        double norm = optimizer.clipAndStep(s.requiredDouble("lr"), s.optDouble("clip", Double.POSITIVE_INFINITY));
        put(found, "loss", steps, at, loss.loss());
        put(found, "grad_norm", steps, at, norm);
        loss.figures().forEach((name, value) -> put(found, name, steps, at, value));
      }
    }
    return found;
  }

  private static void put(SequencedMap<String, double[]> found, String name, int steps, int step, double value) {
    found.computeIfAbsent(name, _ -> new double[steps])[step] = value;
  }

  /// Rows are all chosen answers, then all rejected ones, padded on the right.
  private static List<List<PreferencePair>> batches(CaseFolder io) {
    try (var _ = TensorScope.open()) {
      Tensor ids = io.tensor("input_ids");                                              // [batches, 2n, T]
      int rows = (int) ids.size(1);
      int seq = (int) ids.size(2);
      long[] all = ids.toLongs();
      long[] real = io.tensor("attention_mask").toLongs();
      long[] completion = io.tensor("completion_mask").toLongs();
      var batches = new ArrayList<List<PreferencePair>>();
      for (int b = 0; b < ids.size(0); b++) {
        var pairs = new ArrayList<PreferencePair>();
        for (int i = 0; i < rows / 2; i++) {
          int chosen = (b * rows + i) * seq;
          int rejected = chosen + rows / 2 * seq;
          pairs.add(new PreferencePair(row(all, real, completion, chosen, seq), row(all, real, completion, rejected, seq)));
        }
        batches.add(pairs);
      }
      return batches;
    }
  }

  private static AnswerRow row(long[] ids, long[] real, long[] completion, int from, int seq) {
    int length = (int) Arrays.stream(real, from, from + seq).sum();
    int answer = IntStream.range(0, length).filter(i -> completion[from + i] == 1).findFirst().orElse(length);
    return AnswerRow.of(Arrays.copyOfRange(ids, from, from + answer), Arrays.copyOfRange(ids, from + answer, from + length));
  }

  private static void compare(CaseFolder io, String name, double[] actual, Findings findings) {
    if (!io.has("expected." + name)) {
      return;
    }
    double[] stored = io.doubles("expected." + name);
    boolean tie = name.equals(ACCURACY) && io.settings().object("settings").optBoolean("same_reference", false);
    if (tie) {                                                     // equal models give equal rewards up to rounding
      actual = Arrays.copyOfRange(actual, 1, actual.length);
      stored = Arrays.copyOfRange(stored, 1, stored.length);
    }
    String group = name.substring(0, name.indexOf('_') < 0 ? name.length() : name.indexOf('_'));
    var tolerance = Tolerance.of(io.settings(), new Tolerance(1e-4, 1e-4, false), name, group);
    findings.add(tolerance.check(name, actual, stored));
  }

  private static void norms(CaseFolder io, Map<String, Weight> weights, Findings findings) {
    JsonNode stored = io.settings().node().path(NORMS);
    var names = stored.properties().stream().map(Map.Entry::getKey).toList();
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      double[] actual = names.stream().mapToDouble(n -> {
        var weight = weights.get(n);
        return weight == null ? Double.NaN : Ops.norm(weight.view().detach().contiguous()).item();
      }).toArray();
      double[] expected = names.stream().mapToDouble(n -> stored.path(n).doubleValue()).toArray();
      findings.add(Tolerance.of(io.settings(), new Tolerance(0, 1e-4, false), NORMS).check(NORMS, actual, expected));
    }
  }
}
