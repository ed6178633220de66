package org.jtorch.recipes.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunLockTest {
  @TempDir Path folder;

  @Test void oneRunAtATime() {
    var run = new RunFolder(folder);
    try (var _ = RunLock.take(run)) {
      refused(run, ProcessHandle.current().pid());
      refused(new RunFolder(folder.resolve("..").resolve(String.valueOf(folder.getFileName()))), ProcessHandle.current().pid());
    }
    free(run);
    free(run);
  }

  private static void free(RunFolder run) {
    try (var lock = RunLock.take(run)) {
      assertThat(lock).isNotNull();
    }
  }

  @SuppressWarnings("MustBeClosedChecker")     // it is not given
  private static void refused(RunFolder run, long holder) {
    assertThatIllegalArgumentException().isThrownBy(() -> RunLock.take(run)).withMessageContaining(run.path().toString())
        .withMessageContaining("process " + holder).withMessageContaining("--out");
  }

  @Test void aProcessThatIsKilledGivesItBack() throws IOException, InterruptedException {
    var run = new RunFolder(folder);
    var process = holder();
    try (var out = process.inputReader(StandardCharsets.UTF_8)) {
      assertThat(out.readLine()).isEqualTo("locked");
      refused(run, process.pid());
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    free(run);
  }

  @Test void ofProcessesThatStartTogetherOneGetsIt() throws IOException {
    var processes = List.of(holder(), holder(), holder());
    var answers = new ArrayList<String>();
    try {
      for (var process : processes) {
        answers.add(process.inputReader(StandardCharsets.UTF_8).readLine());
      }
    } finally {
      processes.forEach(Process::destroyForcibly);
    }
    assertThat(answers).containsExactlyInAnyOrder("locked", "refused", "refused");
  }

  private Process holder() throws IOException {
    return new ProcessBuilder(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
        "-cp", System.getProperty("java.class.path"), Holder.class.getName(), folder.toString()))
        .redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  @SuppressWarnings("MustBeClosedChecker")     // it is not given
  @Test void aFolderThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> RunLock.take(new RunFolder(folder.resolve("none")))).isInstanceOf(DataException.class)
        .hasMessageContaining("none");
  }

  /// Takes the lock and keeps it until it is killed.
  static final class Holder {
    private Holder() {}

    public static void main(String[] args) throws IOException {
      try (var _ = RunLock.take(new RunFolder(Path.of(args[0])))) {
        System.out.println("locked");
        int _ = System.in.read();
      } catch (IllegalArgumentException _) {
        System.out.println("refused");
      }
    }
  }
}
