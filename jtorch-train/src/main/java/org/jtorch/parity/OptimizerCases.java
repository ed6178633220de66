package org.jtorch.parity;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import org.jtorch.io.JsonFile;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Adafactor;
import org.jtorch.optim.Ema;
import org.jtorch.optim.GradClip;
import org.jtorch.optim.Muon;
import org.jtorch.optim.Optimizer;
import org.jtorch.optim.ParameterGroups;
import org.jtorch.optim.Sgd;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Runs cases of the kinds `optimizer` (AdamW and SGD), `ema` and `grad_clip`.
public final class OptimizerCases {
  private OptimizerCases() {}

  /// @throws IllegalArgumentException for a case that this class does not know
  public static List<Check> run(Path caseFolder) {
    var checks = new ArrayList<Check>();
    try (var folder = CaseFolder.open(caseFolder); var _ = TensorScope.open()) {
      var variants = folder.variants();
      for (int i = 0; i < variants.size(); i++) {
        try (var _ = TensorScope.open()) {
          runVariant(folder, variants.get(i), "v" + i + ".", checks);
        }
      }
    }
    return checks;
  }

  private static void runVariant(CaseFolder folder, JsonFile variant, String v, List<Check> checks) {
    String name = folder.settings().requiredString("case");
    switch (name) {
      case "optim_adamw", "optim_sgd", "optim_muon", "optim_adafactor" -> optimizer(folder, variant, v, checks);
      case "optim_ema" -> ema(folder, variant, v, checks);
      case "grad_clip" -> gradClip(folder, variant, v, checks);
      default -> throw new IllegalArgumentException(folder.settings().path() + ": no optimizer for case '" + name
          + "'; known: optim_adamw, optim_sgd, optim_muon, optim_adafactor, optim_ema, grad_clip");
    }
  }

  private static void optimizer(CaseFolder folder, JsonFile variant, String v, List<Check> checks) {
    int steps = folder.settings().requiredInt("steps");
    var norms = new double[steps];
    var path = new LinkedHashMap<String, List<double[]>>();
    try (var model = new BareModel(folder, "init."); var optimizer = build(model, variant)) {
      for (int t = 0; t < steps; t++) {
        try (var _ = TensorScope.open()) {
          model.gradients(folder, "grads.", t);
          norms[t] = step(optimizer, learningRate(variant, t), folder.settings());
          model.named().forEach((n, p) -> path.computeIfAbsent(n, _ -> new ArrayList<>()).add(values(p.tensor())));
        }
      }
      path.forEach((n, rows) -> {
        checks.add(folder.compare("expected." + v + "params." + n, concat(rows)));
        String exact = "expected." + v + "params_exact." + n;                // where the reference rounds to bf16 and JTorch need not
        if (folder.has(exact)) {
          checks.add(folder.compare(exact, concat(rows)));
        }
      });
      if (folder.has("expected." + v + "grad_norm")) {
        checks.add(folder.compare("expected." + v + "grad_norm", norms));
      }
      state(folder, model, optimizer, v, checks);
    }
  }

  private static double step(Optimizer optimizer, double learningRate, JsonFile settings) {
    if (settings.has("clip")) {
      return optimizer.clipAndStep(learningRate, settings.requiredDouble("clip"));
    }
    double norm = optimizer.gradNorm();
    optimizer.step(learningRate);
    return norm;
  }

  private static double learningRate(JsonFile variant, int step) {
    return variant.has("lrs") ? variant.node().get("lrs").get(step).doubleValue() : variant.requiredDouble("lr");
  }

  private static Optimizer build(BareModel model, JsonFile variant) {
    double decay = variant.requiredDouble("weight_decay");
    var without = variant.has("no_decay") ? variant.requiredStrings("no_decay") : List.<String>of();
    var decaying = model.pick(n -> !without.contains(n));
    var groups = ParameterGroups.split(model.parameters(), decaying::contains, decay);
    if (variant.has("betas")) {
      var betas = variant.node().get("betas");
      return AdamW.over(groups, new AdamW.Options(betas.get(0).doubleValue(), betas.get(1).doubleValue(),
          variant.requiredDouble("eps")));
    }
    if (variant.has("beta2_decay")) {
      var eps = variant.node().get("eps");
      return Adafactor.over(groups, new Adafactor.Options(variant.requiredDouble("beta2_decay"),
          eps.get(0).isNull() ? Adafactor.Options.DEFAULT.eps1() : eps.get(0).doubleValue(), eps.get(1).doubleValue(), variant.requiredDouble("d")));
    }
    if (variant.has("ns_steps")) {
      return Muon.over(groups, new Muon.Options(variant.requiredDouble("momentum"), variant.requiredBoolean("nesterov"),
          variant.requiredInt("ns_steps"), Muon.Adjust.valueOf(variant.requiredString("adjust_lr_fn").toUpperCase(Locale.ROOT))));
    }
    return Sgd.over(groups, new Sgd.Options(variant.requiredDouble("momentum"), variant.requiredDouble("dampening"),
        variant.requiredBoolean("nesterov")));
  }

  /// Compares the state after the last step, where the case stores it.
  private static void state(CaseFolder folder, BareModel model, Optimizer optimizer, String v, List<Check> checks) {
    var order = optimizer.parameters();
    model.named().forEach((name, p) -> optimizer.state().forEach((key, tensor) -> {
      int dot = key.indexOf('.');
      String stored = "expected." + v + key.substring(dot + 1) + "." + name;
      if (order.get(Integer.parseInt(key.substring(0, dot))) == p && folder.has(stored)) {
        checks.add(folder.compare(stored, values(tensor)));
      }
    }));
  }

  private static void ema(CaseFolder folder, JsonFile variant, String v, List<Check> checks) {
    var path = new LinkedHashMap<String, List<double[]>>();
    try (var model = new BareModel(folder, "init.");
        var ema = Ema.of(model.parameters(), variant.requiredDouble("decay"))) {
      long steps = folder.tensor("params." + model.named().firstEntry().getKey()).size(0);
      for (int t = 0; t < steps; t++) {
        try (var _ = TensorScope.open(); var _ = Grad.off()) {
          for (var e : model.named().entrySet()) {
            e.getValue().tensor().copyInPlace(BareModel.row(folder, "params." + e.getKey(), t));
          }
          ema.update();
          var averages = ema.averages().iterator();
          model.named().forEach((n, _) -> path.computeIfAbsent(n, _ -> new ArrayList<>()).add(values(averages.next())));
        }
      }
      path.forEach((n, rows) -> checks.add(folder.compare("expected." + v + n, concat(rows))));
    }
  }

  private static void gradClip(CaseFolder folder, JsonFile variant, String v, List<Check> checks) {
    var names = folder.under("grads.");
    var gradients = names.stream().map(n -> folder.tensor("grads." + n)).toList();
    double norm = GradClip.clip(gradients, variant.requiredDouble("max_norm"));
    checks.add(folder.compare("expected." + v + "norm", new double[] {norm}));
    for (int i = 0; i < names.size(); i++) {
      checks.add(folder.compare("expected." + v + "clipped." + names.get(i), values(gradients.get(i))));
    }
  }

  private static double[] values(Tensor t) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return t.detach().to(DType.F64).contiguous().toDoubles();
    }
  }

  private static double[] concat(List<double[]> rows) {
    return rows.stream().flatMapToDouble(Arrays::stream).toArray();
  }
}
