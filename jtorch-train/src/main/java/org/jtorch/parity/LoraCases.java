package org.jtorch.parity;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.adapter.Lora;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.nn.Pass;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Cases of the kind `lora`: a model with an adapter beside it: with and without the adapter, merged, and the adapter's gradients.
final class LoraCases {
  private static final Tolerance MERGED = new Tolerance(1e-5, 1e-5, false);
  private static final String GRAD = "grad.";
  private static final String MERGE = "merged.";
  private final CaseFolder io;
  private final Decoder model;
  private final Lora lora;
  private final String suffix;
  private final Findings findings;

  private LoraCases(CaseFolder io, Decoder model, Lora lora, String suffix, Findings findings) {
    this.io = io;
    this.model = model;
    this.lora = lora;
    this.suffix = suffix;
    this.findings = findings;
  }

  static void run(Path folder, Findings findings) {
    var configs = Stream.of("config.json", "config_legacy.json").map(folder::resolve).filter(Files::exists).toList();
    if (configs.isEmpty()) {
      throw new DataException(folder + ": neither config.json nor config_legacy.json is there; a LoRA case needs one");
    }
    ModelCases.requireKnown(configs.getFirst());
    for (Path config : configs) {
      String suffix = config.endsWith("config.json") ? "" : " (legacy config)";
      findings.part(String.valueOf(config.getFileName()), () -> with(folder, config, suffix, findings));
    }
  }

  private static void with(Path folder, Path config, String suffix, Findings findings) {
    try (var io = CaseFolder.open(folder);
         var model = Pretrained.load(Pretrained.configFile(config), folder, Device.CPU, DType.F32);
         var lora = Lora.load(model, folder.resolve("adapter"))) {
      new LoraCases(io, model, lora, suffix, findings).run();
    }
  }

  private void run() {
    findings.part("logits" + suffix, () -> outputs("", true));
    findings.part("base.logits" + suffix, () -> outputs("base.", false));
    gradients("autograd", () -> loss(pass(null, false), true).backward());
    gradients("tape", () -> taped(false));
    gradients("checkpointed", () -> taped(true));
    findings.part("merged" + suffix, this::merged);
    findings.part("unmerged logits" + suffix, () -> {
      lora.unmerge();
      outputs("", true, "unmerged ");
    });
  }

  private void outputs(String prefix, boolean adapters) {
    outputs(prefix, adapters, "");
  }

  private void outputs(String prefix, boolean adapters, String note) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor logits = model.apply(io.tensor("input_ids"), pass(null, false).withAdapters(adapters));
      findings.add(Tolerance.of(io.settings(), Tolerance.LOGITS, prefix + "logits", "logits")
          .check(note + prefix + "logits" + suffix, real(logits), io.tensor(prefix + "logits")));
      if (io.has(prefix + "loss")) {
        findings.add(Tolerance.of(io.settings(), Tolerance.LOSS, prefix + "loss", "loss").check(note + prefix + "loss" + suffix,
            new double[] {ModelOutputs.loss(logits, io.tensor("labels")).item()}, io.doubles(prefix + "loss")));
      }
    }
  }

  private Tensor real(Tensor logits) {
    Tensor mask = ModelOutputs.padding(io, "");
    return mask == null ? logits : logits.maskedFill(mask.not().unsqueeze(2), 0);
  }

  private Pass pass(@Nullable GradTape tape, boolean checkpoint) {
    return ModelOutputs.pass(io, "").withTape(tape).withCheckpoint(checkpoint);
  }

  private Tensor loss(Pass pass, boolean adapters) {
    return ModelOutputs.loss(model.apply(io.tensor("input_ids"), pass.withAdapters(adapters)), io.tensor("labels"));
  }

  private void taped(boolean checkpoint) {
    try (var tape = GradTape.open()) {
      tape.backward(loss(pass(tape, checkpoint), true));
    }
  }

  private void gradients(String how, Findings.Part backward) {
    String what = "gradients (" + how + ")" + suffix;
    findings.part(what, () -> {
      try (var _ = TensorScope.open()) {
        lora.zeroGrad();
        backward.run();
        var actual = new LinkedHashMap<String, @Nullable Tensor>();
        lora.weights().forEach((name, w) -> actual.put(name, w.grad()));
        var tolerance = Tolerance.of(io.settings(), Tolerance.GRADIENT, "grad");
        all(what, GRAD, actual, tolerance);
        frozen(how);
      } finally {
        lora.zeroGrad();
      }
    });
  }

  private void frozen(String how) {
    long trained = model.parameters().stream().filter(p -> p.grad() != null).count();
    if (trained > 0) {
      findings.fail("frozen weights (" + how + ")" + suffix, trained + " parameters of the model have a gradient");
    }
  }

  private void merged() {
    try (var _ = TensorScope.open()) {
      var report = lora.merge(model, io.tensor("input_ids"));
      var close = Tolerance.of(io.settings(), Tolerance.LOGITS, MERGE + "logits", "logits");
      findings.add(Check.of("merged logit change" + suffix, new double[] {report.logitChange()}, new double[] {0},
          close.atol() + close.rtol() * report.logitSize(), 0));
      var weights = new LinkedHashMap<String, @Nullable Tensor>();
      for (Map.Entry<String, Weight> e : model.weights().entrySet()) {
        weights.put(e.getKey(), e.getValue().view());
      }
      all("merged weights" + suffix, MERGE, weights, Tolerance.of(io.settings(), MERGED, "merged"));
    }
    outputs(MERGE, true);
  }

  /// One row for all tensors that agree, with the worst of them, and one for each that does not.
  private void all(String what, String prefix, Map<String, @Nullable Tensor> actual, Tolerance tolerance) {
    var names = io.under(prefix).stream().filter(n -> n.endsWith(".weight") || n.endsWith("_vector")).toList();
    var checks = names.stream().map(n -> {
      Tensor t = actual.get(n);
      return t == null ? new Check(prefix + n + suffix, Double.NaN, Double.NaN, false, "no such tensor here")
          : tolerance.check(prefix + n + suffix, t, io.tensor(prefix + n));
    }).toList();
    checks.stream().filter(c -> !c.passed()).forEach(findings::add);
    checks.stream().filter(Check::passed).max(Comparator.comparingDouble(Check::maxAbs)).ifPresent(worst -> findings.add(
        new Check(what, worst.maxAbs(), worst.maxRel(), true, names.size() + " tensors, worst " + worst.what() + "; " + worst.note())));
  }
}
