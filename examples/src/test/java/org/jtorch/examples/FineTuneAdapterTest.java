package org.jtorch.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FineTuneAdapterTest {
  @Test void theAdapterLearnsAndTheBaseStays(@TempDir Path temp) {
    var result = FineTuneAdapter.train(60, temp.resolve("adapter"));
    assertThat(result.adapted()).isLessThan(1.5);              // a guess costs ln 64 = 4.16
    assertThat(result.base()).isGreaterThan(3.5);
    assertThat(temp.resolve("adapter/adapter_model.safetensors")).exists();
  }
}
