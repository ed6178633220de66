package org.jtorch.align.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jtorch.align.rollout.Answer;
import org.junit.jupiter.api.Test;

/// Programs of the shell stand for those of any language; one test runs Python where it is installed.
class CodeTestsTest {
  private static final Language SHELL = new Language(List.of("/bin/sh"), "answer.sh", ": > {proof}");

  private static double[] run(CodeLimits limits, String tests, String... programs) {
    var answers = Arrays.stream(programs).map(p -> CheckTest.answer(p, tests, 3, true)).toArray(Answer[]::new);
    return new CodeTests(SHELL, limits, 2).of(List.of(answers));
  }

  /// Processes whose command line holds a word.
  private static List<String> alive(String word) {
    try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
      return all.map(p -> p.info().commandLine().orElse("")).filter(c -> c.contains(word)).toList();
    }
  }

  @Test void programsPassOrFailTheirTests() {
    String tests = "[ \"$(twice 4)\" = 8 ] || exit 1";
    assertThat(run(CodeLimits.USUAL, tests, "twice() { echo $(($1 * 2)); }", "twice() { echo $(($1 + 2)); }", "it is 8",
        "Here:\n```sh\ntwice() { echo 9; }\n```\nor better\n```sh\ntwice() { echo $(($1 + $1)); }\n```\n", "exit 0", "```\ntwice() { echo 8; }"))
        .containsExactly(1, 0, 0, 1, 0, 1);
    assertThat(new CodeTests(SHELL, CodeLimits.USUAL, 1).of(List.of(CheckTest.answer("true", null, 3, true)))[0]).isNaN();
  }

  @Test void pythonRunsAlone() {
    assumeTrue(Stream.of(System.getenv().getOrDefault("PATH", "").split(":")).anyMatch(p -> Files.isExecutable(Path.of(p, "python3"))), "needs python3");
    var python = new CodeTests(Language.PYTHON3, new CodeLimits(20, 512), 1);
    String tests = "assert twice(4) == 8";
    var answers = Stream.of("```python\ndef twice(n):\n  return 2 * n\n```", "def twice(n):\n  return n", "import sys\nsys.exit(0)",
        "import os\nos._exit(0)", "x = bytearray(2 << 30)\ndef twice(n):\n  return 2 * n").map(p -> CheckTest.answer(p, tests, 3, true)).toList();
    assertThat(python.of(answers)).containsExactly(1, 0, 0, 0, 0);
  }

  @Test void aProgramThatHangsIsEnded() {
    String word = "8" + Math.abs(UUID.randomUUID().getMostSignificantBits() % 10_000_000);
    assertThat(run(new CodeLimits(0.3, 256), "true", "sleep " + word, "while :; do :; done", "true")).containsExactly(0, 0, 1);
    assertThat(alive(word)).isEmpty();
  }

  @Test void whatItStartedEndsWithIt() {
    String word = "8" + Math.abs(UUID.randomUUID().getMostSignificantBits() % 10_000_000);
    assertThat(run(new CodeLimits(2, 256), "true", "sleep " + word + " & ", "(sleep " + word + " &) & ", "sh -c 'sleep " + word + " & sleep " + word + "' &"))
        .containsExactly(1, 1, 1);
    assertThat(alive(word)).as("children, and children's children that were left behind").isEmpty();
  }

  @Test void aProgramThatForksIsOvertaken() {
    String word = "8" + Math.abs(UUID.randomUUID().getMostSignificantBits() % 10_000_000);
    // Bounded: a bomb that grew without end took every shell of the machine down.
    String hops = "f() { sleep " + word + " & sleep 0.01; f & }\nf";              // each leaves another behind and goes
    String swarm = "i=0; while [ $i -lt 100 ]; do sleep " + word + " & i=$((i + 1)); done; sleep " + word;
    assertThat(run(new CodeLimits(30, 256), "true", swarm)).as("too many, long before the time is up").containsExactly(0);
    assertThat(run(new CodeLimits(0.5, 256), "sleep " + word, hops)).containsExactly(0);
    assertThat(alive(word)).isEmpty();
  }

  @Test void endlessOutputIsNoTrouble() {
    assertThat(run(new CodeLimits(0.3, 256), "true", "yes", "yes >&2", "set -e; yes > big")).containsExactly(0, 0, 0);
  }

  @Test void itSeesNoEnvironmentAndLeavesNothing() throws IOException {
    var before = folders();
    assertThat(run(CodeLimits.USUAL, "[ \"$HOME\" = \"$PWD\" ] && [ -z \"$JAVA_HOME$USER\" ] || exit 1", "echo x > left; mkdir -p a/b")).containsExactly(1);
    assertThat(before).containsAll(folders());
  }

  private static List<Path> folders() throws IOException {
    try (var all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return all.filter(p -> p.getFileName().toString().startsWith("jtorch-code")).toList();
    }
  }

  @Test void aCommandThatIsNotThereIsSaidAtOnce() {
    assertThatThrownBy(() -> new CodeTests(new Language(List.of("no-such-language"), "a.x", null), CodeLimits.USUAL, 1))
        .hasMessageContaining("there is no command `no-such-language` to run code with");
    assertThatThrownBy(() -> new CodeLimits(0, 512)).hasMessageContaining("`seconds` must be above 0");
    assertThatThrownBy(() -> new Language(List.of("node"), "../x", null)).hasMessageContaining("`file` must be the name of a file");
  }
}
