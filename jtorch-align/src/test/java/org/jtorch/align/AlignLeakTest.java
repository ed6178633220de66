package org.jtorch.align;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The trainers of alignment leave no native object behind.
class AlignLeakTest {
  @Test void nothingLeaksWithoutACollector(@TempDir Path folder) throws IOException, InterruptedException {
    var command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UnlockExperimentalVMOptions",
        "-XX:+UseEpsilonGC", "-Xmx2g", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-cp",
        System.getProperty("java.class.path"), AlignLeakMain.class.getName(), folder.toString());
    Path out = folder.resolve("out.txt");
    var process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(folder.resolve("err.txt").toFile()).start();
    boolean done = process.waitFor(120, TimeUnit.SECONDS);
    if (!done) {
      process.destroyForcibly();
    }
    assertThat(done).isTrue();
    assertThat(process.exitValue()).as(Files.readString(folder.resolve("err.txt"), StandardCharsets.UTF_8)).isZero();
    var counts = new LinkedHashMap<String, List<Long>>();
    for (String line : Files.readAllLines(out, StandardCharsets.UTF_8)) {
      String[] parts = line.split(" ");
      assertThat(parts[1]).as("live tensors in \"%s\"", line).isEqualTo("0");
      counts.computeIfAbsent(parts[0], _ -> new ArrayList<>()).add(Long.parseLong(parts[2]));
    }
    assertThat(counts.keySet()).containsExactly("dpo", "online", "policy", "ppo", "adapter", "kto", "reward", "closed");
    counts.forEach((what, objects) ->
        assertThat(objects.subList(Math.min(1, objects.size() - 1), objects.size())).as(what).containsOnly(objects.getLast()));
  }
}
