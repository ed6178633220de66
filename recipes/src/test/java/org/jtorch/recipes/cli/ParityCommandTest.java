package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// Exit codes and output on cases that need no model.
class ParityCommandTest {
  @TempDir Path temp = Path.of("");

  private record Result(int code, String out, String err) {}

  @BeforeEach void aCaseThatNoVersionKnows() throws IOException {
    write("a/strange/case.json", "{\"case\": \"strange\", \"kind\": \"telepathy\"}");
  }

  @Test void whatIsLeftOutFailsOnlyIfStrict() {
    var result = parity(temp.toString());
    assertThat(result.code()).isEqualTo(0);
    assertThat(result.out().lines().toList()).hasSize(3).satisfies(lines -> {
      assertThat(lines.get(0)).matches("CASE +WHAT +MAX ABS +MAX REL +VERDICT");
      assertThat(lines.get(1)).matches("a/strange +telepathy +- +- +SKIP +cases of the kind \"telepathy\" are not supported .*");
      assertThat(lines.get(2)).isEqualTo("1 case: 0 comparisons passed, 0 failed, 1 left out as not supported");
    });
    assertThat(parity(temp.toString(), "--strict").code()).isEqualTo(1);
  }

  @Test void whatFailsGivesOneAndTheOthersStillRun() throws IOException {
    write("b/model/case.json", "{\"case\": \"model\", \"kind\": \"causal_lm\"}");     // no configuration
    var result = parity(temp.toString(), "--json");
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out().lines().toList()).hasSize(2).allMatch(l -> l.startsWith("{\"case\":") && l.endsWith("}"))
        .first().asString().contains("\"b/model\"", "\"FAIL\"", "config.json");
  }

  @Test void noCaseAndABrokenOneGiveThree() throws IOException {
    assertThat(parity(temp.resolve("none").toString()).code()).isEqualTo(3);
    write("a/strange/case.json", "{");
    var result = parity(temp.toString());
    assertThat(result.code()).isEqualTo(3);
    assertThat(result.err()).contains("case.json");
  }

  @Test void aToleranceMustBeANumberThatIsNotNegative() {
    assertThat(parity(temp.toString(), "--tolerance", "-1").code()).isEqualTo(2);
    assertThat(parity(temp.toString(), "--tolerance", "much").code()).isEqualTo(2);
    assertThat(parity().code()).isEqualTo(2);
  }

  @Test void halfPrecisionIsMeasuredAndNotJudged() {
    assertThat(parity(temp.toString(), "--dtype", "f64").err()).contains("--dtype is bf16 or f16 here but was f64");
    var result = parity("../jtorch-train/src/test/resources/parity/models/llama31", "--dtype", "bf16");
    assertThat(result.code()).isEqualTo(0);
    var lines = result.out().lines().toList();
    assertThat(lines).hasSize(4);
    assertThat(lines.get(1)).matches("llama31 +logits, relative L2 +- +[1-9]\\.\\de-0[23] +MEASURED +from the stored float32 values");
    assertThat(lines.get(2)).matches("llama31 +gradients, relative L2 +- +[1-9]\\.\\de-0[23] +MEASURED +from the stored float32 values");
    assertThat(lines.get(3)).isEqualTo("1 case: 2 differences measured, 0 failed, 0 left out as not supported");
  }

  private static Result parity(String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    int code = new CommandLine(new ParityCommand()).setOut(new PrintWriter(out)).setErr(new PrintWriter(err))
        .setExecutionExceptionHandler(Failures::failed).setParameterExceptionHandler(Failures::misused).execute(args);
    return new Result(code, out.toString(), err.toString());
  }

  private void write(String name, String text) throws IOException {
    Path file = temp.resolve(name);
    Files.createDirectories(file.resolveSibling("."));
    Files.writeString(file, text);
  }
}
