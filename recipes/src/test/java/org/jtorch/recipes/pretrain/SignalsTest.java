package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jtorch.recipes.pretrain.JtorchProcess.steps;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jtorch.recipes.run.RunFolder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Ctrl-C and a polite kill at every stage of a run.
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "no kill command")
class SignalsTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");
  private RunFolder run = new RunFolder(Path.of(""));

  @BeforeEach void write() throws IOException {
    recipe = TinyRun.recipe(temp, 100_000);
    run = new RunFolder(temp.resolve("run"));
  }

  @Test void controlCSavesAndEnds() throws IOException, InterruptedException {
    var process = JtorchProcess.run(recipe, run, "save.every=0");
    assertThat(process.endsBefore(() -> steps(run) >= 1)).as(process.output()).isFalse();
    process.signal("INT");
    assertThat(process.code()).as(process.output()).isEqualTo(130);
    assertThat(process.output()).contains("interrupted: finishing the step and saving", "interrupted and saved; the same command goes on");
    assertThat(run.checkpoints().resolve("step-%08d".formatted(steps(run)))).isDirectory();
    assertThat(run.report()).isNotEmptyFile();
  }

  /// A step of so many micro-batches that both signals fall into the first.
  @Test void aSecondSignalEndsItAtOnce() throws IOException, InterruptedException {
    var process = JtorchProcess.run(recipe, run, "data.seq_len=2", "data.held_out_bytes=1000", "train.batch=3000", "train.accumulate=3000",
        "eval.prompts=[]");
    process.says("parameters, 100000 steps");
    process.signal("TERM");
    process.says("interrupted: finishing the step and saving");
    process.signal("INT");
    assertThat(process.code()).as(process.output()).isEqualTo(130);
    assertThat(process.output()).contains("quitting at once").doesNotContain("interrupted and saved");
    assertThat(steps(run)).isZero();
    assertThat(run.checkpoints()).doesNotExist();
  }

  @Test void aSignalWhileTextIsPreparedEndsItAtOnce() throws IOException, InterruptedException {
    var process = JtorchProcess.run(muchText(), run, "tokenizer.vocab_size=2000");
    endsInPreparation(process, run.data(), "TERM");
    assertThat(run.metrics()).doesNotExist();
  }

  @Test void soItDoesWithoutARun() throws IOException, InterruptedException {
    Path folder = temp.resolve("prepared");
    var process = JtorchProcess.start(temp.resolve("prepare.log"), Map.of(), List.of("data", "prepare", muchText().toString(), "--out",
        folder.toString(), "tokenizer.vocab_size=2000"));
    endsInPreparation(process, folder, "INT");
  }

  private Path muchText() throws IOException {
    Path text = temp.resolve("text.txt");
    Files.writeString(text, Files.readString(text).repeat(300));
    return recipe;
  }

  private static void endsInPreparation(JtorchProcess process, Path folder, String signal) throws IOException, InterruptedException {
    assertThat(process.endsBefore(() -> Files.exists(folder.resolve("preparing.json")))).as(process.output()).isFalse();
    process.signal(signal);
    assertThat(process.code()).as(process.output()).isEqualTo(130);
    assertThat(process.output()).contains("interrupted before a step was made");
    assertThat(folder.resolve("prepared.json")).doesNotExist();
  }
}
