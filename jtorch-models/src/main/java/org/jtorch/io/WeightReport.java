package org.jtorch.io;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What did not fit when weights were loaded: parameters without a tensor, tensors without a parameter, wrong shapes.
public record WeightReport(List<String> missing, List<String> unexpected, List<Misshapen> misshapen) {
  private static final int HINTS = 50;

  /// A tensor whose shape is not the one of its parameter.
  @SuppressWarnings("ArrayRecordComponent") // copied in and out
  public record Misshapen(String name, long[] expected, long[] found) {
    public Misshapen {
      expected = expected.clone();
      found = found.clone();
    }

    @Override
    public long[] expected() {
      return expected.clone();
    }

    @Override
    public long[] found() {
      return found.clone();
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Misshapen(String n, long[] e, long[] f)
          && name.equals(n) && Arrays.equals(expected, e) && Arrays.equals(found, f);
    }

    @Override
    public int hashCode() {
      return Objects.hash(name, Arrays.hashCode(expected), Arrays.hashCode(found));
    }

    @Override
    public String toString() {
      return name + ": expected " + Arrays.toString(expected) + ", found " + Arrays.toString(found);
    }
  }

  public WeightReport {
    missing = List.copyOf(missing);
    unexpected = List.copyOf(unexpected);
    misshapen = List.copyOf(misshapen);
  }

  /// Compares what a model wants with what a file has.
  ///
  /// @param wanted by name
  /// @param shape of one that is wanted
  /// @param stored the names in the file of those that have another there
  /// @param harmless names in the file that may be there without being wanted
  public static <W> WeightReport compare(Map<String, W> wanted, Function<W, long[]> shape, Map<String, String> stored, SafeTensors file,
      Predicate<String> harmless) {
    var missing = new ArrayList<String>();
    var misshapen = new ArrayList<Misshapen>();
    var used = new HashSet<String>();
    wanted.forEach((own, w) -> {
      String name = stored.getOrDefault(own, own);
      used.add(name);
      var entry = file.entries().get(name);
      long[] expected = shape.apply(w);
      if (entry == null) {
        missing.add(name);
      } else if (!Arrays.equals(entry.shape(), expected)) {
        misshapen.add(new Misshapen(name, expected, entry.shape()));
      }
    });
    var unexpected = file.entries().keySet().stream().filter(n -> !used.contains(n) && !harmless.test(n)).toList();
    return new WeightReport(missing, unexpected, misshapen);
  }

  /// Where all names are those in the file.
  public static <W> WeightReport compare(Map<String, W> wanted, Function<W, long[]> shape, SafeTensors file, Predicate<String> harmless) {
    return compare(wanted, shape, Map.of(), file, harmless);
  }

  /// Whether everything fitted.
  public boolean clean() {
    return missing.isEmpty() && unexpected.isEmpty() && misshapen.isEmpty();
  }

  /// One message with all of it; a missing name comes with the unexpected one that it may have become.
  public String render(Path source) {
    if (clean()) {
      return source + " fits the model";
    }
    var text = new StringBuilder(source + " does not fit the model: " + missing.size() + " missing, " + unexpected.size()
        + " unexpected, " + misshapen.size() + " of the wrong shape");
    int hints = HINTS;
    for (var name : missing) {
      text.append("\n  missing     ").append(name).append(hints-- > 0 ? rename(name) : "");
    }
    unexpected.forEach(name -> text.append("\n  unexpected  ").append(name));
    misshapen.forEach(it -> text.append("\n  wrong shape ").append(it));
    return text.append("\nCheck that the configuration belongs to these weights.").toString();
  }

  private String rename(String name) {
    var near = NearNames.of(name, unexpected, 1);
    return near.isEmpty() ? "  (nothing in the file is near)" : "  (nearest in the file: " + near.getFirst() + ")";
  }
}
