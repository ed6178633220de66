package org.jtorch.parity;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.JsonFile;
import org.jtorch.merge.Linear;
import org.jtorch.merge.MergeMethod;
import org.jtorch.merge.Merging;
import org.jtorch.merge.Slerp;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;

/// Cases of the kind `merge`: averages and spherical interpolations of stored weights, and a whole WARP step.
final class MergeCases {
  private static final Tolerance VALUE = new Tolerance(2e-6, 1e-5, false);
  private static final String INIT = "init.";
  private final CaseFolder io;
  private final Findings findings;
  private final Set<String> names;
  private final List<Merging.Weights> models;

  private MergeCases(CaseFolder io, Findings findings) {
    this.io = io;
    this.findings = findings;
    this.names = new LinkedHashSet<>(io.under(INIT));
    this.models = IntStream.range(0, io.settings().requiredInt("models")).mapToObj(i -> stored("model" + i + ".")).toList();
  }

  static void run(Path folder, Findings findings) {
    try (var io = CaseFolder.open(folder)) {
      var cases = new MergeCases(io, findings);
      var variants = io.variants();
      for (int i = 0; i < variants.size(); i++) {
        String v = "v" + i + ".";
        var settings = variants.get(i);
        findings.part(v + settings.requiredString("op"), () -> cases.variant(settings, v));
      }
    }
  }

  private Merging.Weights stored(String prefix) {
    return name -> io.tensor(prefix + name);
  }

  private void variant(JsonFile s, String v) {
    var init = stored(INIT);
    var first = models.getFirst();
    var two = models.subList(0, 2);
    Merging.Weights result = switch (s.requiredString("op")) {
      case "lerp" -> between(s.requiredDouble("lam"), two);
      case "slerp" -> merged(new Slerp(s.requiredDouble("lam"), angle(s)), two, init);
      case "slerp_same_model" -> merged(new Slerp(s.requiredDouble("lam"), angle(s)), List.of(first, first), init);
      case "liti" -> between(s.requiredDouble("eta"), List.of(init, first));
      case "ema_anchor" -> between(s.requiredDouble("mu"), List.of(init, first));
      case "uniform_average" -> merged(Linear.uniform(models.size()), models, null);
      case "slerp_many" -> merged(new Slerp(0.5, angle(s)), models, init);
      case "warp_iteration" -> between(s.requiredDouble("eta"), List.of(init, merged(new Slerp(0.5, angle(s)), models, init)));
      default -> throw new NotSupportedException("merging by \"" + s.requiredString("op") + "\" is not supported by this version");
    };
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      for (String name : names) {
        findings.add(Tolerance.of(io.settings(), VALUE, "expected")
            .check(v + name + " (" + s.requiredString("op") + ")", result.get(name).toDoubles(), io.doubles("expected." + v + name)));
      }
    }
  }

  private static Slerp.Angle angle(JsonFile s) {
    return s.optString("angle", "per_tensor").equals("all_tensors") ? Slerp.Angle.ALL_TENSORS : Slerp.Angle.PER_TENSOR;
  }

  /// `(1 − x) a + x b`
  private Merging.Weights between(double x, List<Merging.Weights> ends) {
    return merged(new Linear(List.of(1 - x, x)), ends, null);
  }

  private Merging.Weights merged(MergeMethod method, List<Merging.Weights> from, Merging.@Nullable Weights base) {
    return new Merging(method, from, base, names)::weight;
  }
}
