package org.jtorch.parity;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.head.Classifier;
import org.jtorch.head.Classifiers;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.nn.Module;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// What cases of models that judge whole sequences have in common: logits and hidden states of every run, the loss, and
/// gradients by autograd, by the tape, and by the tape with recomputed activations.
final class HeadRun {
  private static final String GRAD = "grad.";
  private static final String TODAY = "config.json";
  private static final String LEGACY = "config_legacy.json";
  private final CaseFolder io;
  private final Classifier model;
  private final String suffix;
  private final Findings findings;

  private HeadRun(CaseFolder io, Classifier model, String suffix, Findings findings) {
    this.io = io;
    this.model = model;
    this.suffix = suffix;
    this.findings = findings;
  }

  CaseFolder io() {
    return io;
  }

  Classifier model() {
    return model;
  }

  /// The name of a row of this configuration.
  String row(String what) {
    return what + suffix;
  }

  /// Runs `body` once with each configuration of the folder; other families are left out.
  static void forEachConfig(Path folder, Findings findings, Consumer<HeadRun> body) {
    var configs = Stream.of(TODAY, LEGACY).map(folder::resolve).filter(Files::exists).toList();
    if (configs.isEmpty()) {
      throw new DataException(folder + ": neither " + TODAY + " nor " + LEGACY + " is there; a model case needs one");
    }
    String type = JsonFile.open(configs.getFirst()).requiredString("model_type");
    if (!Classifiers.modelTypes().contains(type)) {
      throw new NotSupportedException("models of type \"" + type + "\" are not supported by this version");
    }
    for (Path config : configs) {
      boolean legacy = config.endsWith(LEGACY);
      findings.part(legacy ? LEGACY : TODAY, () -> {
        try (var io = CaseFolder.open(folder); var model = Classifiers.load(config, folder, Device.CPU, DType.F32)) {
          body.accept(new HeadRun(io, model, legacy ? " (legacy config)" : "", findings));
        }
      });
    }
  }

  /// The main run and every other one with stored logits.
  void outputs() {
    var prefixes = new LinkedHashSet<String>();
    prefixes.add("");
    io.under("").stream().filter(n -> n.endsWith(".logits") && !n.startsWith(GRAD)).sorted()
        .map(n -> n.substring(0, n.length() - "logits".length())).forEach(prefixes::add);
    prefixes.forEach(p -> findings.part(row(p + "logits"), () -> forward(p)));
  }

  private void forward(String prefix) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var pass = ModelOutputs.pass(io, prefix);
      Tensor logits = model.logits(io.tensor(prefix + "input_ids"), pass, (i, h) -> {
        String name = prefix + "hidden_states." + i;
        if (io.has(name)) {
          findings.add(tolerance(Tolerance.LOGITS, prefix + "hidden_states", "hidden_states")
              .check(row(name), real(h, pass.keyMask()), io.tensor(name)));
        }
      });
      findings.add(tolerance(Tolerance.LOGITS, prefix + "logits", "logits")
          .check(row(prefix + "logits"), logits, io.tensor(prefix + "logits")));
    }
  }

  private static Tensor real(Tensor x, @Nullable Tensor mask) {
    return mask == null ? x : x.maskedFill(mask.not().unsqueeze(2), 0);
  }

  private Tolerance tolerance(Tolerance fallback, String... keys) {
    return Tolerance.of(io.settings(), fallback, keys);
  }

  /// Compares a loss of the main run's logits with the stored tensor `name`.
  void loss(String name, UnaryOperator<Tensor> loss) {
    if (io.has(name)) {
      findings.part(row(name), () -> {
        try (var _ = TensorScope.open(); var _ = Grad.off()) {
          Tensor logits = model.logits(io.tensor("input_ids"), ModelOutputs.pass(io, ""));
          findings.add(tolerance(Tolerance.LOSS, name, "loss")
              .check(row(name), new double[] {loss.apply(logits).item()}, io.doubles(name)));
        }
      });
    }
  }

  /// Compares whole numbers, which must be equal.
  void exact(String what, Tensor actual, Tensor stored) {
    findings.add(Tolerance.exact(row(what), actual.toLongs(), stored.toLongs(), Math.toIntExact(stored.size(stored.dim() - 1))));
  }

  /// Gradients of a loss of the main run's logits.
  void gradients(UnaryOperator<Tensor> loss) {
    if (io.under(GRAD).isEmpty()) {
      return;
    }
    model.parameters().forEach(p -> p.tensor().requiresGrad(true));
    one("autograd", () -> loss.apply(model.logits(io.tensor("input_ids"), ModelOutputs.pass(io, ""))).backward());
    one("tape", () -> taped(loss, false));
    one("checkpointed", () -> taped(loss, true));
    model.parameters().forEach(p -> p.tensor().requiresGrad(false));
  }

  private void taped(UnaryOperator<Tensor> loss, boolean checkpoint) {
    try (var tape = GradTape.open()) {
      Pass pass = ModelOutputs.pass(io, "").withTape(tape).withCheckpoint(checkpoint);
      tape.backward(loss.apply(model.logits(io.tensor("input_ids"), pass)));
    }
  }

  private void one(String how, Findings.Part backward) {
    String what = "(" + how + ")" + suffix;
    findings.part("gradients " + what, () -> {
      try (var _ = TensorScope.open()) {
        model.parameters().forEach(p -> p.tensor().setGrad(null));
        backward.run();
        new StoredGradients(io, ((Module) model).weights(), what).compare(findings);
      } finally {
        model.parameters().forEach(p -> p.tensor().setGrad(null));
      }
    });
  }
}
