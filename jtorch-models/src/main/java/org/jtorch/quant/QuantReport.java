package org.jtorch.quant;

import java.util.List;
import java.util.Locale;

/// What quantizing a model saved and cost.
public record QuantReport(List<Quantized> products) {
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

  public QuantReport {
    products = List.copyOf(products);
  }

  /// Bits for every element, scales and tables included.
  public double bitsPerWeight() {
    return 8.0 * products.stream().mapToLong(Quantized::bytes).sum() / products.stream().mapToLong(Quantized::elements).sum();
  }

  @Override public String toString() {
    return String.format(Locale.ROOT, "%d products: %.1f MB became %.1f MB, %.2f bits a weight, relative error up to %.4f",
        products.size(), products.stream().mapToLong(Quantized::bytesBefore).sum() / 1e6,
        products.stream().mapToLong(Quantized::bytes).sum() / 1e6, bitsPerWeight(),
        products.stream().mapToDouble(Quantized::relativeError).max().orElse(0));
  }
}
