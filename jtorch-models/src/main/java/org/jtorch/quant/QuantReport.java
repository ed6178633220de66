package org.jtorch.quant;

import java.util.List;
import java.util.Locale;

/// What quantizing a model saved and cost.
///
/// @param products what is in 4 bits now
/// @param left matrices that were asked for and stay as they are, because a few numbers decide much there: routers
public record QuantReport(List<Quantized> products, List<Left> left) {
  /// A product whose weight is in 4 bits now.
  ///
  /// @param names its weights in the checkpoint
  /// @param elements of all of them
  /// @param bytesBefore memory that is free now
  /// @param bytes memory in its place
  /// @param maxError the largest difference of an element
  /// @param relativeError root of the mean square error, in units of the weight's own
  public record Quantized(List<String> names, long elements, long bytesBefore, long bytes, double maxError, double relativeError) {
    public Quantized {
      names = List.copyOf(names);
    }
  }

  /// A matrix that stays as it is.
  ///
  /// @param name in the checkpoint
  public record Left(String name, long elements, long bytes) {}

  public QuantReport {
    products = List.copyOf(products);
    left = List.copyOf(left);
  }

  /// Bits for every element of all that was asked for: scales and tables and what was [#left] included.
  public double bitsPerWeight() {
    long bytes = products.stream().mapToLong(Quantized::bytes).sum() + left.stream().mapToLong(Left::bytes).sum();
    return 8.0 * bytes / (products.stream().mapToLong(Quantized::elements).sum() + left.stream().mapToLong(Left::elements).sum());
  }

  @Override public String toString() {
    return String.format(Locale.ROOT, "%d products: %.1f MB became %.1f MB, relative error up to %.4f%s; %.2f bits a weight",
        products.size(), products.stream().mapToLong(Quantized::bytesBefore).sum() / 1e6,
        products.stream().mapToLong(Quantized::bytes).sum() / 1e6,
        products.stream().mapToDouble(Quantized::relativeError).max().orElse(0), leftOver(), bitsPerWeight());
  }

  private String leftOver() {
    return left.isEmpty() ? "" : String.format(Locale.ROOT, "; %d weights of %.1f MB stay as they are: %s%s", left.size(),
        left.stream().mapToLong(Left::bytes).sum() / 1e6, left.getFirst().name(), left.size() > 1 ? ", ..." : "");
  }
}
