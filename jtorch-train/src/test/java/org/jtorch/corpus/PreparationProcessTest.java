package org.jtorch.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Preparation in processes of their own: killed at any moment it goes on with the same bits, and a corpus larger than the heap
/// passes through it.
///
/// `-Djtorch.crash.kills=20` kills more often than the build does.
class PreparationProcessTest {
  private static final int KILLS = Integer.getInteger("jtorch.crash.kills", 3);
  private static final int MEGABYTES = Integer.getInteger("jtorch.corpus.megabytes", 30);
  private static final long PATIENCE_SECONDS = 300;

  @TempDir Path dir;

  /// JSONL of different documents, about `bytes` long; the words are few, so that encoding is quick.
  private void text(long bytes) throws IOException {
    Texts.tokenizer(dir.resolve("tokenizer"));
    String words = " the cat sat on a mat and saw the cat".repeat(40);
    try (BufferedWriter out = Files.newBufferedWriter(dir.resolve("text.jsonl"))) {
      for (long n = 0, document = 0; n < bytes; document++) {
        String line = "{\"text\": \"" + document + words.substring((int) (document * 7 % 700)) + "\"}\n";
        out.write(line);
        n += line.length();
      }
    }
  }

  private Process start(Path folder, long markBytes, String... options) throws IOException {
    return start(folder, folder, markBytes, options);
  }

  /// @param named after which the log is called
  private Process start(Path folder, Path named, long markBytes, String... options) throws IOException {
    var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(options));
    command.addAll(List.of(PreparationMain.class.getName(), dir.toString(), folder.toString(), Long.toString(markBytes)));
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log(named).toFile()).start();
  }

  private static Path log(Path folder) {
    return folder.resolveSibling(folder.getFileName() + ".log");
  }

  private static void finish(Process process, Path folder) throws IOException, InterruptedException {
    assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(log(folder))).isZero();
  }

  @Test void killedAtAnyMomentItGoesOnWithTheSameBits() throws IOException, InterruptedException {
    text(1_000_000L * KILLS);
    Path folder = dir.resolve("killed");
    for (int kill = 0; kill < KILLS; kill++) {
      var process = start(folder, 100_000);
      assertThat(endsBefore(process, moment(folder, kill))).as("ended before kill %s:\n%s", kill, Files.readString(log(folder))).isFalse();
      process.destroyForcibly();
      assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
    finish(start(folder, 100_000), folder);
    try (var whole = Texts.prepared(PreparationMain.spec(dir), dir.resolve("whole"))) {
      assertThat(whole.sources().getFirst().tokens().textBytes()).isGreaterThan(900_000L * KILLS);
    }
    Map<String, Long> bits = Texts.bits(dir.resolve("whole"));
    assertThat(Texts.bits(folder)).isEqualTo(bits);
  }

  /// While the texts are surveyed, while a mark is written, or after some more documents.
  private static BooleanSupplier moment(Path folder, int kill) {
    long before = documents(folder);
    return switch (kill % 3) {
      case 0 -> () -> Files.exists(folder.resolve("preparing.json"));
      case 1 -> () -> documents(folder) > before && hasTemporary(folder);
      default -> () -> documents(folder) > before + 300 + 100L * (kill % 7);
    };
  }

  private static long documents(Path folder) {
    var journal = Files.exists(Journal.file(folder)) ? Journal.read(folder) : null;
    return journal == null ? 0 : journal.read().documents();
  }

  private static boolean hasTemporary(Path folder) {
    try (var entries = Files.newDirectoryStream(folder, ".tmp-*")) {
      return entries.iterator().hasNext();
    } catch (IOException _) {
      return false;
    }
  }

  private static boolean endsBefore(Process process, BooleanSupplier moment) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!moment.getAsBoolean()) {
      if (process.waitFor(1, TimeUnit.MILLISECONDS)) {
        return true;
      }
      assertThat(System.nanoTime()).isLessThan(deadline);
    }
    return false;
  }

  private static boolean says(Path log, String text) {
    try {
      return Files.readString(log).contains(text);
    } catch (IOException _) {
      return false;
    }
  }

  @Test void twoProcessesDoNotTearAFolder() throws IOException, InterruptedException {
    text(1_000_000);
    Path folder = dir.resolve("both");
    Path other = dir.resolve("second");
    Process first;
    Process second;
    try (var _ = PreparationLock.take(folder, _ -> { }, () -> false)) {                    // until both have found it taken
      first = start(folder, 100_000);
      second = start(folder, other, 100_000);
      assertThat(endsBefore(first, () -> says(log(folder), "another process prepares"))).isFalse();
      assertThat(endsBefore(second, () -> says(log(other), "another process prepares"))).isFalse();
    }
    finish(first, folder);
    finish(second, other);
    assertThat(List.of(Files.readString(log(folder)), Files.readString(log(other)))).allMatch(l -> l.contains("done"))
        .filteredOn(l -> l.contains(" documents")).as("one has done the work").hasSize(1);
    Texts.prepare(PreparationMain.spec(dir), dir.resolve("whole"));
    assertThat(Texts.bits(folder)).isEqualTo(Texts.bits(dir.resolve("whole")));
  }

  @Test void aCorpusLargerThanTheHeapPasses() throws IOException, InterruptedException {
    long bytes = MEGABYTES * 1_000_000L;
    text(bytes);
    Path folder = dir.resolve("large");
    finish(start(folder, 16_000_000, "-Xmx20m"), folder);
    String printed = Files.readString(log(folder));
    assertThat(Long.parseLong(printed.strip().replaceFirst("(?s).*done with a heap of ", ""))).isLessThan(bytes);
    try (var corpus = PreparedCorpus.open(folder)) {
      assertThat(corpus.sources().getFirst().tokens().textBytes() + corpus.validation().textBytes()).isBetween(bytes * 9 / 10, bytes);
    }
  }
}
