package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.jtorch.io.DataException;
import org.jtorch.io.HasExitCode;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.config.RecipeException;
import org.junit.jupiter.api.Test;

class ExitCodesTest {
  private static final class Diverged extends RuntimeException implements HasExitCode {
    private static final long serialVersionUID = 1L;

    @Override public int exitCode() {
      return ExitCodes.DIVERGED;
    }
  }

  @Test void everyKindHasItsCode() {
    assertThat(ExitCodes.of(new RecipeException("x", List.of()))).isEqualTo(2);
    assertThat(ExitCodes.of(new IllegalArgumentException("x"))).isEqualTo(2);
    assertThat(ExitCodes.of(new DataException("x"))).isEqualTo(3);
    assertThat(ExitCodes.of(new NoSuchFileException("x"))).isEqualTo(3);
    assertThat(ExitCodes.of(new OutOfMemoryError("x"))).isEqualTo(4);
    assertThat(ExitCodes.of(new Diverged())).isEqualTo(5);
    assertThat(ExitCodes.of(new InterruptedException())).isEqualTo(130);
    assertThat(ExitCodes.of(new IllegalStateException("x"))).isEqualTo(70);
  }

  @Test void theOutermostCauseWithACodeCounts() {
    assertThat(ExitCodes.of(new ExecutionException(new UncheckedIOException(new NoSuchFileException("x"))))).isEqualTo(3);
    assertThat(ExitCodes.of(new DataException("x", new IllegalArgumentException("y")))).isEqualTo(3);
    assertThat(ExitCodes.of(new RuntimeException(new RuntimeException(new Diverged())))).isEqualTo(5);
    var loop = new IOException("a");
    loop.initCause(new IOException("b", loop));
    assertThat(ExitCodes.of(loop)).isEqualTo(70);
  }

  private static String reported(Throwable t, boolean verbose) {
    var text = new StringWriter();
    assertThat(Failures.report(t, new PrintWriter(text), verbose)).isEqualTo(ExitCodes.of(t));
    return text.toString().replace("\r\n", "\n");
  }

  @Test void oneMessageAndAStackTraceOnlyWhenAskedFor() {
    var wrapped = new RuntimeException("wrapper", new DataException("shard 3 is cut off"));
    assertThat(reported(wrapped, false)).isEqualTo("error: shard 3 is cut off\n");
    assertThat(reported(wrapped, true)).contains("Caused by: org.jtorch.io.DataException")
        .endsWith("error: shard 3 is cut off\n");
    assertThat(reported(new NoSuchFileException("a/b"), false)).isEqualTo("error: no such file: a/b\n");
    assertThat(reported(new IllegalStateException("odd"), false)).startsWith("error: java.lang.IllegalStateException: odd\n")
        .contains("with -v");
    assertThat(reported(new OutOfMemoryError("heap"), false)).contains("JTORCH_OPTS=-Xmx8g");
  }
}
