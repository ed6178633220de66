package org.jtorch.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Locale;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.Tensor;

/// How close is close enough: `|a − b| <= atol + rtol |b|` with b the stored value, or, as gradients are compared,
/// `max|a − b| <= rtol max|b|`.
public record Tolerance(double atol, double rtol, boolean ofLargest) {
  public static final Tolerance LOGITS = new Tolerance(2e-4, 1e-4, false);
  public static final Tolerance LOSS = new Tolerance(2e-5, 1e-5, false);
  public static final Tolerance GRADIENT = new Tolerance(0, 1e-4, true);
  /// Where the largest stored gradient is below this, the gradient is zero up to rounding.
  private static final double ZERO = 1e-7;
  private static final double ZERO_TOLERANCE = 1e-6;
  private static final String OF_LARGEST = "max_abs_diff_over_max_abs_value";

  /// What `case.json` says under the first of `keys` that it has, or else `fallback`.
  public static Tolerance of(JsonFile settings, Tolerance fallback, String... keys) {
    JsonNode all = settings.node().path("tolerance");
    return Arrays.stream(keys).map(all::path).filter(n -> n.isObject() || n.isNumber()).findFirst()
        .map(n -> read(n, fallback)).orElse(fallback);
  }

  private static Tolerance read(JsonNode n, Tolerance fallback) {
    if (n.isNumber()) {
      return fallback.ofLargest ? new Tolerance(0, n.doubleValue(), true) : new Tolerance(n.doubleValue(), 0, false);
    }
    return n.has(OF_LARGEST) ? new Tolerance(0, n.get(OF_LARGEST).doubleValue(), true)
        : new Tolerance(n.path("atol").doubleValue(), n.path("rtol").doubleValue(), false);
  }

  /// Compares shapes, then values.
  public Check check(String what, Tensor actual, Tensor stored) {
    if (!Arrays.equals(actual.shape(), stored.shape())) {
      return new Check(what, Double.NaN, Double.NaN, false,
          "shape " + Arrays.toString(actual.shape()) + " but " + Arrays.toString(stored.shape()) + " is stored");
    }
    return check(what, actual.toDoubles(), stored.toDoubles());
  }

  /// Compares values.
  public Check check(String what, double[] actual, double[] stored) {
    return ofLargest && actual.length == stored.length ? largest(what, actual, stored) : Check.of(what, actual, stored, atol, rtol);
  }

  private Check largest(String what, double[] actual, double[] stored) {
    double gap = 0;
    double most = 0;
    double size = 0;
    for (int i = 0; i < actual.length; i++) {
      gap = worse(gap, Math.abs(actual[i] - stored[i]));
      most = Math.max(most, Math.abs(stored[i]));
      size = worse(size, Math.abs(actual[i]));
    }
    if (most < ZERO) {
      return new Check(what, gap, size, size < ZERO_TOLERANCE, "zero up to rounding; tolerance " + ZERO_TOLERANCE + " absolute");
    }
    return new Check(what, gap, gap / most, gap / most <= rtol, String.format(Locale.ROOT, "tolerance %.1e of the largest", rtol));
  }

  /// The larger; NaN once there was one.
  static double worse(double a, double b) {
    return Double.isNaN(a) || Double.isNaN(b) ? Double.NaN : Math.max(a, b);
  }

  /// Token ids must be the same.
  ///
  /// @param width tokens in a row, to say where they differ
  static Check exact(String what, long[] actual, long[] stored, int width) {
    int wrong = Arrays.mismatch(actual, stored);
    return wrong < 0 ? new Check(what, 0, 0, true, stored.length + " token ids, exact")
        : new Check(what, Double.NaN, Double.NaN, false, actual.length != stored.length
            ? actual.length + " tokens but " + stored.length + " are stored"
            : "token " + wrong % width + " of row " + wrong / width + " is " + actual[wrong] + " but " + stored[wrong] + " is stored");
  }
}
