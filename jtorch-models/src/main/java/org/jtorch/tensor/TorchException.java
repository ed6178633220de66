package org.jtorch.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// An operator that libtorch refused: the operator, its operands, and the first line of the native text.
///
/// `matmul: f32 [2, 3] x f32 [2, 3]: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)`. The whole
/// native text, with its C++ stack, is the cause's message.
public final class TorchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String op;
  private final boolean outOfMemory;

  private TorchException(String op, String message, boolean outOfMemory, Throwable cause) {
    super(message, cause);
    this.op = op;
    this.outOfMemory = outOfMemory;
  }

  static TorchException of(String op, RuntimeException cause, @Nullable Tensor... operands) {
    String text = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    String line = text.lines().findFirst().orElse("");
    String shapes = Stream.of(operands).map(TorchException::describe).collect(Collectors.joining(" x "));
    boolean memory = text.contains("out of memory") || text.contains("can't allocate memory") || text.contains("not enough memory");
    return new TorchException(op, shapes.isEmpty() ? op + ": " + line : op + ": " + shapes + ": " + line, memory, cause);
  }

  private static String describe(@Nullable Tensor t) {
    if (t == null) {
      return "none";
    }
    return t.isAlive() ? t.dtype() + " " + Arrays.toString(t.shape()) : "a freed tensor";
  }

  /// The operator that failed.
  public String op() {
    return op;
  }

  /// True if libtorch could not get the memory it asked for (exit code 4 on the command line).
  public boolean isOutOfMemory() {
    return outOfMemory;
  }
}
