package org.jtorch.distill;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jtorch.io.JsonFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Captures in processes of their own: killed at any moment they go on, and end in the same bits.
///
/// `-Djtorch.crash.kills=20` kills more often than the build does.
class CaptureProcessTest {
  private static final int KILLS = Integer.getInteger("jtorch.crash.kills", 3);
  private static final long PATIENCE_SECONDS = 300;

  @TempDir Path temp;

  private Process start(String folder) throws IOException {
    var command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED", "--add-modules", "jdk.incubator.vector", "-cp", System.getProperty("java.class.path"),
        CaptureMain.class.getName(), temp.resolve("tokenizer").toString(), temp.resolve(folder).toString());
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(temp.resolve(folder + ".log").toFile()).start();
  }

  private void finish(String folder) throws IOException, InterruptedException {
    var process = start(folder);
    assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(temp.resolve(folder + ".log"))).isZero();
  }

  @Test void killedAtAnyMomentItGoesOnWithTheSameBits() throws IOException, InterruptedException {
    Pupils.tokenizer(temp.resolve("tokenizer")).close();
    for (int kill = 0; kill < KILLS; kill++) {
      long before = done();
      var process = start("killed");
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (done() <= before + 20L * kill) {
        assertThat(process.waitFor(1, TimeUnit.MILLISECONDS)).as(Files.readString(temp.resolve("killed.log"))).isFalse();
        assertThat(System.nanoTime()).isLessThan(deadline);
      }
      process.destroyForcibly();
      assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(temp.resolve("killed").resolve("captured.json")).doesNotExist();
    finish("killed");
    finish("whole");
    for (String name : List.of("captured.json", "teacher-ids.bin", "teacher-logprobs.bin", "teacher-rest.bin")) {
      assertThat(temp.resolve("killed").resolve(name)).hasSameBinaryContentAs(temp.resolve("whole").resolve(name));
    }
  }

  /// Rows behind the last mark.
  private long done() {
    Path journal = temp.resolve("killed").resolve("capturing.json");
    return Files.exists(journal) ? JsonFile.open(journal).requiredLong("done") : 0;
  }
}
