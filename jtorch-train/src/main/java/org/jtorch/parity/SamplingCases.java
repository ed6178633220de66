package org.jtorch.parity;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jtorch.generate.Sampler;
import org.jtorch.generate.Sampling;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Compares sampling filters with stored scores and probabilities: `case.json` lists the settings, variant by variant.
public final class SamplingCases {
  private SamplingCases() {}

  public static List<Check> run(Path caseFolder) {
    var json = JsonFile.open(caseFolder.resolve("case.json"));
    var tolerance = json.object("tolerance").object("expected");
    double atol = tolerance.requiredDouble("atol");
    double rtol = tolerance.requiredDouble("rtol");
    var checks = new ArrayList<Check>();
    var variants = json.objects("variants");
    try (var io = SafeTensors.open(caseFolder.resolve("io.safetensors"))) {
      for (int i = 0; i < variants.size(); i++) {
        try (var _ = Grad.off(); var _ = TensorScope.open()) {
          Tensor scores = Sampler.of(sampling(variants.get(i))).scores(tensor(io, "logits"), tensor(io, "input_ids"));
          String what = "sampling v" + i + " " + variants.get(i).node();
          checks.add(compare(what + " scores", scores, tensor(io, "expected.v" + i + ".scores"), atol, rtol));
          checks.add(compare(what + " probs", scores.softmax(-1), tensor(io, "expected.v" + i + ".probs"), atol, rtol));
        }
      }
    }
    return checks;
  }

  private static Sampling sampling(JsonFile v) {
    return new Sampling(v.optDouble("temperature", 1), v.optInt("top_k", 0), v.optDouble("top_p", 1), v.optDouble("min_p", 0),
        v.optDouble("penalty", 1));
  }

  private static Tensor tensor(SafeTensors io, String name) {
    var entry = io.get(name);
    Tensor t = Ops.empty(DType.valueOf(entry.dtype()), Device.CPU, entry.shape());
    t.asSegment().copyFrom(entry.bytes());
    return t;
  }

  /// What is filtered out (-inf) must be the same set; the rest must agree within tolerance.
  private static Check compare(String what, Tensor actual, Tensor expected, double atol, double rtol) {
    if (!Arrays.equals(actual.shape(), expected.shape())) {
      return new Check(what, Double.NaN, Double.NaN, false,
          "shape " + Arrays.toString(actual.shape()) + " instead of " + Arrays.toString(expected.shape()));
    }
    double[] a = actual.toDoubles();
    double[] b = expected.toDoubles();
    double maxAbs = 0;
    double maxRel = 0;
    int set = 0;
    int far = 0;
    for (int i = 0; i < a.length; i++) {
      if (removed(a[i]) || removed(b[i])) {
        set += removed(a[i]) == removed(b[i]) ? 0 : 1;
        continue;
      }
      double gap = Math.abs(a[i] - b[i]);
      maxAbs = Math.max(maxAbs, gap);
      maxRel = Math.max(maxRel, gap / Math.max(Math.abs(b[i]), Double.MIN_NORMAL));
      far += gap <= atol + rtol * Math.abs(b[i]) ? 0 : 1;
    }
    String note = set == 0 && far == 0 ? "" : String.format(Locale.ROOT,
        "%d of %d entries outside atol %s + rtol %s, %d in the wrong set", far, a.length, atol, rtol, set);
    return new Check(what, maxAbs, maxRel, set == 0 && far == 0, note);
  }

  private static boolean removed(double v) {
    return v == Double.NEGATIVE_INFINITY;
  }
}
