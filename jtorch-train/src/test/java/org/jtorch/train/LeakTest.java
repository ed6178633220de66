package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import org.jtorch.observe.StepEvent;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Training, saving, validating, generating, scoring and reading leave no native object behind.
class LeakTest {
  @Test void nothingLeaksWithoutACollector(@TempDir Path folder) throws IOException, InterruptedException {
    var process = start(LeakMain.class, folder, "out", Map.of());
    var counts = counts(process, folder, "out");
    assertThat(counts.keySet()).containsExactly("text", "f32", "bf16", "prune", "evaluate", "generate", "score", "extended", "taught", "closed");
  }

  @Test void nothingLeaksInTwoRanks(@TempDir Path folder) throws IOException, InterruptedException {
    int port = Together.freePort();
    var first = start(RanksLeakMain.class, folder, "0", Together.environment(0, 2, port));
    var second = start(RanksLeakMain.class, folder, "1", Together.environment(1, 2, port));
    assertThat(counts(first, folder, "0").keySet()).containsExactly("f32", "bf16", "closed");
    assertThat(counts(second, folder, "1").keySet()).containsExactly("f32", "bf16", "closed");
  }

  private static Process start(Class<?> main, Path folder, String name, Map<String, String> environment) throws IOException {
    var command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UnlockExperimentalVMOptions",
        "-XX:+UseEpsilonGC", "-Xmx2g", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-cp",
        System.getProperty("java.class.path"), main.getName(), folder.toString());
    var builder = new ProcessBuilder(command).redirectOutput(folder.resolve(name + ".txt").toFile())
        .redirectError(folder.resolve(name + ".err").toFile());
    builder.environment().putAll(environment);
    return builder.start();
  }

  /// Native objects after each round, by what it did; checks that they are as many after every round but the first.
  private static SequencedMap<String, List<Long>> counts(Process process, Path folder, String name)
      throws IOException, InterruptedException {
    boolean done = process.waitFor(120, TimeUnit.SECONDS);
    if (!done) {
      process.destroyForcibly();
    }
    assertThat(done).isTrue();
    assertThat(process.exitValue()).as(Files.readString(folder.resolve(name + ".err"), StandardCharsets.UTF_8)).isZero();
    var counts = read(Files.readAllLines(folder.resolve(name + ".txt"), StandardCharsets.UTF_8));
    counts.forEach((what, objects) -> {
      assertThat(objects.getLast()).as(what).isNotNegative();
      assertThat(objects.subList(Math.min(1, objects.size() - 1), objects.size())).as(what).containsOnly(objects.getLast());
    });
    return counts;
  }

  private static SequencedMap<String, List<Long>> read(List<String> lines) {
    var map = new LinkedHashMap<String, List<Long>>();
    for (String line : lines) {
      if (line.startsWith("[Gloo]")) {                                     // says who is connected
        continue;
      }
      String[] parts = line.split(" ");
      assertThat(parts[1]).as("live tensors in \"%s\"", line).isEqualTo("0");
      map.computeIfAbsent(parts[0], _ -> new ArrayList<>()).add(Long.parseLong(parts[2]));
    }
    return map;
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"}) void sixtyStepsHoldTheSameObjects(DType dtype) {
    var recorder = new PretrainerTest.Recorder();
    try (var model = Tiny.model(dtype, 1); var optimizer = Tiny.adam(model)) {
      new Pretrainer(model, optimizer, Tiny.batches(4), Tiny.options(60).withAccumulate(2))
          .fit(Progress.START, recorder, Tiny.NO_HOOKS);
    }
    assertThat(recorder.steps).hasSize(60).allMatch(s -> s.liveTensors() == 0);
    assertThat(recorder.steps.subList(2, 60).stream().map(StepEvent::nativeObjects).distinct()).hasSize(1);
    assertThat(TensorScope.stats().live()).isZero();
  }
}
