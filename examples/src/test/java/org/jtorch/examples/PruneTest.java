package org.jtorch.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PruneTest {
  @Test void learnedMasksLoseLessThanChance(@TempDir Path temp) throws IOException {
    var result = Prune.prune(60, temp.resolve("small"));
    assertThat(result.whole()).isLessThan(result.learned());
    assertThat(result.learned()).isLessThan(result.random() - 0.1);
    assertThat(temp.resolve("small/model.safetensors")).exists();
  }
}
