package org.jtorch.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.HasExitCode;

/// An operator that libtorch refused: the operator, its operands, and the first line of the native text.
///
/// `matmul: f32 [2, 3] x f32 [2, 3]: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)`. The whole
/// native text, with its C++ stack, is the cause's message.
public final class TorchException extends RuntimeException implements HasExitCode {
  private static final long serialVersionUID = 1L;

  /// Of the allocators of CPU and CUDA, of cuBLAS and cuDNN, and of C++ itself.
  private static final List<String> OUT_OF_MEMORY_WORDS = List.of("out of memory", "can't allocate memory", "not enough memory",
      "ALLOC_FAILED", "bad_alloc");
  private static final int OUT_OF_MEMORY = 4;
  private static final int INTERNAL = 70;

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
    boolean memory = OUT_OF_MEMORY_WORDS.stream().anyMatch(text::contains);
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

  /// True if libtorch could not get the memory it asked for.
  public boolean isOutOfMemory() {
    return outOfMemory;
  }

  @Override public int exitCode() {
    return outOfMemory ? OUT_OF_MEMORY : INTERNAL;
  }
}
