package org.jtorch.recipes.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/// Damaged model folders open or are refused in words, in a process of its own: an abort of the native tokenizers library, a
/// hang or another exception ends it, and its seed is known.
///
/// `-Djtorch.fuzz.folders=1000000` opens more of them than the build does, `-Djtorch.fuzz.first=50000` others.
class FolderFuzzTest {
  private static final long FOLDERS = Long.getLong("jtorch.fuzz.folders", 2000);
  private static final long FIRST = Long.getLong("jtorch.fuzz.first", 0);
  /// Far more than they need: who takes longer hangs.
  private static final long PATIENCE_SECONDS = 120 + FOLDERS / 20;

  /// In memory where there is a file system for that: thousands of small files are written.
  @TempDir(factory = InMemory.class) Path work = Path.of("");

  static final class InMemory implements TempDirFactory {
    @Override public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext extension) throws IOException {
      Path memory = Path.of("/dev/shm");
      return Files.isWritable(memory) ? Files.createTempDirectory(memory, "jtorch-fuzz") : Files.createTempDirectory("jtorch-fuzz");
    }
  }

  @Test void damagedFoldersOpenOrAreRefused(@TempDir Path folder) throws IOException, InterruptedException {
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var process = new ProcessBuilder(java, "-XX:+UseSerialGC", "-Xmx512m", "-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=/dev/null",
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "--add-modules=jdk.incubator.vector", "-cp",
        System.getProperty("java.class.path"), FolderFuzz.class.getName(), work.toString(), Long.toString(FIRST), Long.toString(FOLDERS))
        .redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
    process.destroyForcibly();
    String errors = Files.readString(err, StandardCharsets.UTF_8);
    assertThat(ended).as("the folder of seed %s hangs:\n%s", seed(), errors).isTrue();
    assertThat(process.exitValue()).as("the folder of seed %s ended the process:\n%s", seed(), errors).isZero();
    assertThat(Files.readString(out, StandardCharsets.UTF_8)).startsWith(FOLDERS + " folders: ").contains("opened=", "refused=")
        .doesNotContain("without a word");
  }

  private long seed() throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(work.resolve("seed"))).getLong();
  }
}
