package org.jtorch.data;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/// Numbers beside the tokens of a corpus, one for each token or for each document: loss weights, rewards, group numbers.
/// In the file `<name>.column.bin` beside the tokens; lives as long as its [TokenShards].
public final class ShardColumn {
  static final String SUFFIX = ".column.bin";
  private static final ValueLayout.OfFloat FLOAT = JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /// What a number belongs to.
  public enum Per { TOKEN, DOCUMENT }

  /// What a number is.
  public enum Type { F32, I32 }

  /// @param name letters, digits, `_` and `-`: it names the file
  public record Spec(String name, Per per, Type type) {
    public Spec {
      if (!name.matches("[A-Za-z0-9_-]+")) {
        throw new IllegalArgumentException("a column cannot be called \"" + name + "\", which names a file; use for example"
            + " loss_weight");
      }
    }

    static Spec of(String name, int kind) {
      return new Spec(name, kind <= ShardHeader.TOKEN_INTS ? Per.TOKEN : Per.DOCUMENT,
          kind == ShardHeader.TOKEN_FLOATS || kind == ShardHeader.DOCUMENT_FLOATS ? Type.F32 : Type.I32);
    }

    int kind() {
      return switch (per) {
        case TOKEN -> type == Type.F32 ? ShardHeader.TOKEN_FLOATS : ShardHeader.TOKEN_INTS;
        case DOCUMENT -> type == Type.F32 ? ShardHeader.DOCUMENT_FLOATS : ShardHeader.DOCUMENT_INTS;
      };
    }

    /// The bits of a number in the file.
    ///
    /// @throws IllegalArgumentException if the type cannot hold it
    int bits(double value) {
      if (type == Type.F32) {
        return Float.floatToRawIntBits((float) value);
      }
      if (value != (int) value) {
        throw new IllegalArgumentException("column \"" + name + "\" holds whole numbers of 32 bits, but a value is " + value);
      }
      return (int) value;
    }
  }

  private final Spec spec;
  private final MemorySegment values;
  private final long count;

  ShardColumn(Spec spec, MemorySegment values) {
    this.spec = spec;
    this.values = values;
    this.count = values.byteSize() / 4;
  }

  public Spec spec() {
    return spec;
  }

  /// How many numbers there are: the corpus's tokens or documents.
  public long count() {
    return count;
  }

  /// The number of a token or document.
  public double get(long index) {
    Objects.checkIndex(index, count);
    return spec.type == Type.F32 ? values.getAtIndex(FLOAT, index) : values.getAtIndex(INT, index);
  }

  /// Copies `n` numbers from `offset` on, as weights of tokens.
  ///
  /// @throws IllegalArgumentException if they are documents' numbers
  void copy(long offset, int n, float[] into, int at) {
    if (spec.per != Per.TOKEN) {
      throw new IllegalArgumentException("column \"" + spec.name + "\" has a number for each document, and weights are needed"
          + " for each token");
    }
    Objects.checkFromIndexSize(offset, n, count);
    for (int i = 0; i < n; i++) {
      into[at + i] = (float) get(offset + i);
    }
  }
}
