package org.jtorch.merge;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;

/// Spherical interpolation of task vectors (WARP, arXiv:2406.16768, section 3): with Ω their angle,
/// `sin((1 − λ) Ω) / sin Ω · δ₁ + sin(λ Ω) / sin Ω · δ₂`, which keeps their length where the mean of vectors that point apart is shorter.
/// More than two are taken in one by one, the m-th with λ = 1/m.
///
/// Vectors of one direction, or of opposite ones, whose arc is not defined, are interpolated in a straight line; of a zero vector and
/// another one the other is the result.
///
/// @param lambda where on the arc between two models; more than two share it evenly
/// @param angle what Ω is measured on
public record Slerp(double lambda, Angle angle) implements MergeMethod {
  private static final double STRAIGHT = 1e-6;

  private static final Pattern LAYER = Pattern.compile("(.*\\blayers\\.\\d+)\\..*");

  /// What an angle is measured on.
  public enum Angle {
    /// Each weight by itself.
    PER_TENSOR,
    /// The weights of a layer together, as WARP does; embedding, final norm and head each by itself.
    PER_LAYER,
    /// All weights together, once.
    ALL_TENSORS
  }

  public Slerp {
    if (!(lambda >= 0 && lambda <= 1)) {
      throw new IllegalArgumentException("`lambda` must be in [0, 1] but was " + lambda + "; 0.5 is halfway");
    }
  }

  @Override public String id() {
    return "slerp";
  }

  @Override public boolean needsBase() {
    return false;
  }

  @Override public void requireModels(int models) {
    if (models < 2) {
      throw new IllegalArgumentException("slerp goes from one model to another, but there is " + models + "; give two or more");
    }
  }

  @Override public boolean needsProducts() {
    return angle != Angle.PER_TENSOR;
  }

  @Override public String group(String name) {
    return switch (angle) {
      case PER_TENSOR -> name;
      case PER_LAYER -> {
        var layer = LAYER.matcher(name);
        yield layer.matches() ? layer.group(1) : name;
      }
      case ALL_TENSORS -> "all weights";
    };
  }

  @Override public MergeMethod knowing(double[][] products) {
    return needsProducts() ? new TaskArithmetic(Arrays.stream(factors(products)).boxed().toList()) : this;
  }

  @Override public Optional<String> warning(double[][] products) {
    for (int i = 0; i < products.length; i++) {
      for (int j = 0; j < i; j++) {
        double lengths = Math.sqrt(products[i][i] * products[j][j]);
        if (lengths > 0 && products[i][j] / lengths < -1 + STRAIGHT * STRAIGHT) {
          return Optional.of("models " + (j + 1) + " and " + (i + 1) + " went opposite ways, between which there is no arc: interpolated in a straight line");
        }
      }
    }
    return Optional.empty();
  }

  @Override public Tensor merge(List<Tensor> vectors, String name) {
    return MergeMethod.sum(vectors, factors(products(vectors)));
  }

  /// Inner products of each vector with each, in float64. `[n][n]`
  static double[][] products(List<Tensor> vectors) {
    int n = vectors.size();
    double[][] products = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        products[i][j] = vectors.get(i).to(DType.F64).mul(vectors.get(j).to(DType.F64)).sum().item();
        products[j][i] = products[i][j];
      }
    }
    return products;
  }

  /// What each vector is multiplied by.
  double[] factors(double[][] products) {
    int n = products.length;
    double[] factors = new double[n];
    factors[0] = 1;
    for (int next = 1; next < n; next++) {
      double t = n == 2 ? lambda : 1.0 / (next + 1);
      double length = Math.sqrt(Math.max(0, product(products, factors, factors)));
      double[] unit = new double[n];
      unit[next] = 1;
      double other = Math.sqrt(products[next][next]);
      double[] share = length == 0 ? new double[] {0, 1} : other == 0 ? new double[] {1, 0}
          : arc(product(products, factors, unit) / (length * other), t);
      for (int i = 0; i <= next; i++) {
        factors[i] = share[0] * factors[i] + share[1] * unit[i];
      }
    }
    return factors;
  }

  private static double product(double[][] products, double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < b.length; j++) {
        sum += a[i] * b[j] * products[i][j];
      }
    }
    return sum;
  }

  private static double[] arc(double cosine, double t) {
    double omega = Math.acos(Math.clamp(cosine, -1, 1));
    double sine = Math.sin(omega);
    return sine < STRAIGHT ? new double[] {1 - t, t} : new double[] {Math.sin((1 - t) * omega) / sine, Math.sin(t * omega) / sine};
  }
}
