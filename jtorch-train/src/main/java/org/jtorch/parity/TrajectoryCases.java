package org.jtorch.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.io.JsonFile;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.Pass;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Optimizer;
import org.jtorch.optim.ParameterGroup;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Cases of the kind `trajectory`: short training runs, step by step, in float32 and in bfloat16 with float32 masters.
final class TrajectoryCases {
  private static final String FINAL = "expected.final.";
  private final Path folder;
  private final CaseFolder io;
  private final Findings findings;
  private final JsonFile settings;

  private TrajectoryCases(Path folder, CaseFolder io, Findings findings) {
    this.folder = folder;
    this.io = io;
    this.findings = findings;
    this.settings = io.settings().object("settings");
  }

  static void run(Path folder, Findings findings) {
    if (!Files.exists(folder.resolve("config.json"))) {
      throw new NotSupportedException("training runs of several models are not run by this module");
    }
    ModelCases.requireKnown(folder.resolve("config.json"));
    try (var io = CaseFolder.open(folder)) {
      var cases = new TrajectoryCases(folder, io, findings);
      findings.part("float32", cases::float32);
      if (io.has("expected.bf16.loss")) {
        findings.part("bfloat16", cases::bfloat16);
      }
    }
  }

  /// Losses and gradient norms before each update.
  private static final class Run {
    private final double[] losses;
    private final double[] norms;

    Run(int steps) {
      losses = new double[steps];
      norms = new double[steps];
    }
  }

  private void float32() {
    try (var model = Pretrained.load(folder, Device.CPU, DType.F32)) {
      var run = train(model);
      findings.add(tolerance("loss", 1e-4, 1e-4).check("loss", run.losses, io.doubles("expected.loss")));
      findings.add(tolerance("grad_norm", 0, 5e-3).check("grad_norm", run.norms, io.doubles("expected.grad_norm")));
      for (String name : io.under(FINAL)) {
        findings.part("final." + name, () -> weight(model, name));
      }
      norms(model, "final_weight_norm", 1e-4);
    }
  }

  private void bfloat16() {
    try (var model = Pretrained.load(folder, Device.CPU, DType.BF16)) {
      var run = train(model);
      findings.add(tolerance("bf16_loss", 0.05, 0).check("bf16_loss", run.losses, io.doubles("expected.bf16.loss")));
      norms(model, "bf16_final_weight_norm", 0.02);
    }
  }

  private Tolerance tolerance(String key, double atol, double rtol) {
    return Tolerance.of(io.settings(), new Tolerance(atol, rtol, false), key);
  }

  private Run train(Decoder model) {
    int steps = settings.requiredInt("steps");
    double rate = settings.requiredDouble("lr");
    double clip = settings.optDouble("clip", Double.POSITIVE_INFINITY);
    var run = new Run(steps);
    model.requiresGrad(true);
    try (var _ = TensorScope.open(); var optimizer = optimizer(model)) {
      Tensor ids = io.tensor("input_ids");                                   // [batches, B, T]
      for (int t = 0; t < steps; t++) {
        try (var _ = TensorScope.open()) {
          run.losses[t] = backward(model, ids.select(0, t % ids.size(0)).contiguous());
          run.norms[t] = optimizer.clipAndStep(rate, clip);
        }
      }
    }
    return run;
  }

  private Optimizer optimizer(Decoder model) {
    JsonNode betas = settings.node().path("betas");
    var options = new AdamW.Options(betas.path(0).asDouble(0.9), betas.path(1).asDouble(0.999), settings.optDouble("eps", 1e-8));
    return AdamW.over(List.of(new ParameterGroup(model.parameters(), settings.optDouble("weight_decay", 0.01))), options);
  }

  /// The mean loss of a batch; its gradients are left in the parameters.
  private static double backward(Decoder model, Tensor ids) {
    long[] targets = ModelOutputs.targets(ids.toLongs(), (int) ids.size(1), ChunkedCrossEntropy.IGNORE);
    long trained = LongStream.of(targets).filter(t -> t != ChunkedCrossEntropy.IGNORE).count();
    try (var tape = GradTape.open()) {
      Tensor hidden = model.hidden(ids, Pass.training(tape), null);
      return new ChunkedCrossEntropy().backward(model, hidden, targets, 1.0 / trained, tape) / trained;
    }
  }

  private void weight(Decoder model, String name) {
    var weight = model.weights().get(name);
    if (weight == null) {
      findings.fail("final." + name, "the model has no such weight");
      return;
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      findings.add(tolerance("final", 1e-3, 1e-3).check("final." + name, weight.view(), io.tensor(FINAL + name)));
    }
  }

  private void norms(Decoder model, String key, double rtol) {
    JsonNode stored = io.settings().node().path(key);
    if (stored.isEmpty()) {
      return;
    }
    var names = stored.properties().stream().map(Map.Entry::getKey).toList();
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      double[] actual = names.stream().mapToDouble(n -> norm(model, n)).toArray();
      double[] expected = names.stream().mapToDouble(n -> stored.get(n).doubleValue()).toArray();
      findings.add(tolerance(key, 0, rtol).check(key, actual, expected));
    }
  }

  private static double norm(Decoder model, String name) {
    var weight = model.weights().get(name);
    return weight == null ? Double.NaN : Ops.norm(weight.view().detach().contiguous()).item();
  }
}
