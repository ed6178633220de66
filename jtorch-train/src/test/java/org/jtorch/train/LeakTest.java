package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import org.jtorch.observe.StepEvent;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Training, saving, validating, generating and reading leave no native object behind.
class LeakTest {
  @Test void nothingLeaksWithoutACollector(@TempDir Path folder) throws IOException, InterruptedException {
    var output = folder.resolve("out.txt");
    var errors = folder.resolve("err.txt");
    var command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UnlockExperimentalVMOptions",
        "-XX:+UseEpsilonGC", "-Xmx2g", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-cp",
        System.getProperty("java.class.path"), LeakMain.class.getName(), folder.toString());
    var process = new ProcessBuilder(command).redirectOutput(output.toFile()).redirectError(errors.toFile()).start();
    boolean done = process.waitFor(120, TimeUnit.SECONDS);
    if (!done) {
      process.destroyForcibly();
    }
    assertThat(done).isTrue();
    assertThat(process.exitValue()).as(Files.readString(errors, StandardCharsets.UTF_8)).isZero();
    var counts = read(Files.readAllLines(output, StandardCharsets.UTF_8));
    assertThat(counts.keySet()).containsExactly("text", "f32", "bf16", "evaluate", "generate", "closed");
    counts.forEach((name, objects) -> {
      assertThat(objects.getLast()).as(name).isNotNegative();
      assertThat(objects.subList(Math.min(1, objects.size() - 1), objects.size())).as(name).containsOnly(objects.getLast());
    });
  }

  private static SequencedMap<String, List<Long>> read(List<String> lines) {
    var map = new LinkedHashMap<String, List<Long>>();
    for (String line : lines) {
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
