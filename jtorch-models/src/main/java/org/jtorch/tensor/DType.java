package org.jtorch.tensor;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// Element types, named as in safetensors files.
public enum DType {
  F32(4, true), F64(8, true), F16(2, true), BF16(2, true), I64(8, false), I32(4, false), I16(2, false), I8(1, false), U8(1, false),
  BOOL(1, false);

  private final int bytes;
  private final boolean floating;

  DType(int bytes, boolean floating) {
    this.bytes = bytes;
    this.floating = floating;
  }

  /// Bytes per element.
  public int bytes() {
    return bytes;
  }

  public boolean isFloating() {
    return floating;
  }

  /// True for the two 16-bit floating types, which train with float32 master weights.
  public boolean isHalf() {
    return this == BF16 || this == F16;
  }

  /// The nearest value that this type can hold, for bf16; others pass `v` on.
  public double round(double v) {
    if (this != BF16) {
      return this == F64 ? v : (float) v;
    }
    int bits = Float.floatToIntBits((float) v);
    return Float.intBitsToFloat((bits + 0x7FFF + (bits >>> 16 & 1)) & 0xFFFF0000);   // to nearest, ties to even
  }

  /// Reads `bf16`, `bfloat16`, `float32`, `torch.float16`, ... as configurations spell them.
  ///
  /// @throws IllegalArgumentException naming what is accepted
  public static DType parse(String name) {
    String plain = name.toLowerCase(Locale.ROOT).replace("torch.", "");
    return switch (plain) {
      case "float", "fp32" -> F32;
      case "double", "fp64" -> F64;
      case "half", "fp16" -> F16;
      case "long" -> I64;
      default -> Arrays.stream(values()).filter(d -> d.toString().equals(plain) || d.hfName().equals(plain)).findFirst()
          .orElseThrow(() -> new IllegalArgumentException("unknown dtype \"" + name + "\"; known: "
              + Arrays.stream(values()).map(d -> d.name().toLowerCase(Locale.ROOT)).collect(Collectors.joining(", "))));
    };
  }

  /// The spelling of `config.json`: `bfloat16`, `float32`, ...
  public String hfName() {
    return switch (this) {
      case F32 -> "float32";
      case F64 -> "float64";
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      case I64 -> "int64";
      case I32 -> "int32";
      case I16 -> "int16";
      case I8 -> "int8";
      case U8 -> "uint8";
      case BOOL -> "bool";
    };
  }

  @Override public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
