package org.jtorch.io;

import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;

/// The element types of safetensors files that JTorch reads and writes, with their sizes in bytes.
final class ElementTypes {
  private static final Map<String, Integer> SIZES = Map.of(
      "F64", 8, "I64", 8, "F32", 4, "I32", 4, "F16", 2, "BF16", 2, "I16", 2, "I8", 1, "U8", 1, "BOOL", 1);

  private ElementTypes() {}

  /// Bytes of one element.
  ///
  /// @throws IllegalArgumentException for a type that is not known, naming those that are
  static int size(String dtype) {
    var size = SIZES.get(dtype);
    if (size == null) {
      throw new IllegalArgumentException("element type '" + dtype + "' is not one of " + new TreeMap<>(SIZES).keySet());
    }
    return size;
  }

  /// Bytes of a whole tensor.
  ///
  /// @throws IllegalArgumentException for an unknown type or a negative size
  /// @throws ArithmeticException if the product does not fit into 64 bits
  static long bytes(String dtype, long[] shape) {
    long bytes = size(dtype);
    for (long size : shape) {
      if (size < 0) {
        throw new IllegalArgumentException("shape holds the negative size " + size);
      }
      bytes = Math.multiplyExact(bytes, size);
    }
    return bytes;
  }

  /// Safetensors files are little-endian and segments are handed out as they lie in the file.
  static void requireLittleEndian(ByteOrder machine) {
    if (machine != ByteOrder.LITTLE_ENDIAN) {
      throw new UnsupportedOperationException(
          "safetensors files are little-endian and this machine is big-endian; run JTorch on x86-64 or AArch64");
    }
  }
}
