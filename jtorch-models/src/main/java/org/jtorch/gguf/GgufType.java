package org.jtorch.gguf;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// How a GGUF file holds the elements of a tensor.
public enum GgufType {
  /// Four bytes an element.
  F32(0, 0, 1, 4),
  /// Two bytes an element.
  F16(1, 1, 1, 2),
  /// Blocks of 32 elements of a row: a scale in f16, then 32 signed bytes. 8.5 bits an element.
  Q8_0(8, 7, 32, 34);

  final int code;
  final int fileType;
  final int block;
  private final int blockBytes;

  GgufType(int code, int fileType, int block, int blockBytes) {
    this.code = code;
    this.fileType = fileType;
    this.block = block;
    this.blockBytes = blockBytes;
  }

  /// Bytes of `elements`, a multiple of the block.
  public long bytes(long elements) {
    return elements / block * blockBytes;
  }

  /// Reads `f32`, `f16` or `q8_0`.
  public static GgufType parse(String name) {
    return Arrays.stream(values()).filter(t -> t.toString().equals(name.toLowerCase(Locale.ROOT))).findFirst()
        .orElseThrow(() -> new IllegalArgumentException("unknown GGUF type \"" + name + "\"; supported: "
            + Arrays.stream(values()).map(GgufType::toString).collect(Collectors.joining(", "))));
  }

  @Override public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
