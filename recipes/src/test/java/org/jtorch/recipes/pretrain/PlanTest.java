package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanTest {
  @TempDir Path temp = Path.of("");
  private Path recipe = Path.of("");

  @BeforeEach void write() throws IOException {
    recipe = TinyRun.recipe(temp, 2);
  }

  @Test void measuresAShortStepAndStartsNothing() throws IOException {
    long files = count();
    var plan = TinyRun.jtorch("plan", recipe.toString(), "device=cpu", "dtype=f32");
    assertThat(plan.code()).as(plan.err()).isZero();
    assertThat(plan.out()).contains("memory ", "fits: this machine has ", "time ", " = 2 steps of ", "measured", "rate ");
    assertThat(count()).isEqualTo(files);
  }

  @Test void saysWhatDoesNotFitWithoutTryingIt() {
    var plan = TinyRun.jtorch("plan", recipe.toString(), "device=cpu", "dtype=bf16",
        "model={type: llama, dim: 16384, layers: 126, heads: 128, kv_heads: 8, hidden: 53248}");
    assertThat(plan.code()).as(plan.err()).isZero();
    assertThat(plan.out()).containsPattern("does not fit: needs \\d+\\.\\d TB, this machine has \\d").contains("choose a smaller model")
        .contains("too large to measure");
  }

  private long count() throws IOException {
    try (var files = Files.walk(temp)) {
      return files.count();
    }
  }
}
