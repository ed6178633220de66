package org.jtorch.parity;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A case: settings and tolerances in `case.json`, values in `io.safetensors`.
public final class CaseFolder implements AutoCloseable {
  private static final double ATOL = 2e-5;
  private static final double RTOL = 1e-5;
  private final JsonFile settings;
  private final SafeTensors values;

  @SuppressWarnings("MustBeClosedChecker")                  // close() closes it
  private CaseFolder(Path folder) {
    settings = JsonFile.open(folder.resolve("case.json"));
    values = SafeTensors.open(folder.resolve("io.safetensors"));
  }

  /// Opens the case of a folder.
  @MustBeClosed
  public static CaseFolder open(Path folder) {
    return new CaseFolder(folder);
  }

  /// What `case.json` says.
  public JsonFile settings() {
    return settings;
  }

  /// Its `variants`.
  public List<JsonFile> variants() {
    return settings.objects("variants");
  }

  /// Whether a tensor is stored under this name.
  public boolean has(String name) {
    return values.entries().containsKey(name);
  }

  /// Names that start with `prefix`, without it, in the order of the file.
  public List<String> under(String prefix) {
    return values.entries().keySet().stream().filter(n -> n.startsWith(prefix)).map(n -> n.substring(prefix.length())).toList();
  }

  /// A copy of a stored tensor in the innermost scope.
  public Tensor tensor(String name) {
    var entry = values.get(name);
    return Tensor.alias(entry.bytes(), DType.valueOf(entry.dtype()), entry.shape()).copy();
  }

  /// The values of a stored tensor.
  public double[] doubles(String name) {
    try (var _ = TensorScope.open()) {
      return tensor(name).to(DType.F64).toDoubles();
    }
  }

  /// Compares with the stored tensor `name` within the case's tolerance for it.
  Check compare(String name, double[] actual) {
    return compare(name, actual, doubles(name));
  }

  Check compare(String name, double[] actual, double[] expected) {
    double atol = ATOL;
    double rtol = RTOL;
    var tolerance = settings.optObject("tolerance");
    if (tolerance.isPresent()) {
      int longest = -1;
      for (var key : tolerance.get().keys()) {
        if ((name.startsWith(key) || name.contains("." + key)) && key.length() > longest && tolerance.get().object(key).has("atol")) {
          longest = key.length();
          atol = tolerance.get().object(key).optDouble("atol", 0);
          rtol = tolerance.get().object(key).optDouble("rtol", 0);
        }
      }
    }
    return Check.of(name, actual, expected, atol, rtol);
  }

  @Override public void close() {
    values.close();
  }
}
