package org.jtorch.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptimizerCasesTest {
  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource({"optim_adamw, 30", "optim_sgd, 12", "optim_muon, 12", "optim_adafactor, 3", "optim_ema, 6", "grad_clip, 12"})
  void equalsTheStoredValues(String name, int comparisons) {
    var checks = OptimizerCases.run(folder(name));
    assertThat(checks).hasSize(comparisons).allSatisfy(c -> assertThat(c.passed()).as(c.toString()).isTrue());
  }

  @Test void scheduleEqualsTheStoredValues() {
    var checks = ScheduleCases.run(folder("schedules"));
    assertThat(checks).hasSize(7).allSatisfy(c -> assertThat(c.passed()).as(c.toString()).isTrue());
  }

  @ParameterizedTest
  @CsvSource({"optim_adamw, '\"eps\": 1e-06', '\"eps\": 1e-03'", "optim_adamw, '\"clip\": 1.0', '\"clip\": 1.001'",
      "optim_sgd, '\"nesterov\": true', '\"nesterov\": false'", "optim_muon, '\"ns_steps\": 5', '\"ns_steps\": 4'", "optim_ema, '0.99', '0.9901'"})
  void noticesAWrongSetting(String name, String right, String wrong) throws IOException {
    var json = Files.readString(folder(name).resolve("case.json"), StandardCharsets.UTF_8);
    assertThat(json).contains(right);
    Files.writeString(temp.resolve("case.json"), json.replace(right, wrong), StandardCharsets.UTF_8);
    Files.copy(folder(name).resolve("io.safetensors"), temp.resolve("io.safetensors"));
    assertThat(failed(OptimizerCases.run(temp))).isNotEmpty();
  }

  @Test void namesTheCasesItKnows() throws IOException {
    Files.copy(folder("grad_clip").resolve("io.safetensors"), temp.resolve("io.safetensors"));
    Files.writeString(temp.resolve("case.json"), "{\"case\": \"optim_lion\", \"variants\": [{}]}", StandardCharsets.UTF_8);
    assertThatThrownBy(() -> OptimizerCases.run(temp)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("optim_lion").hasMessageContaining("optim_adamw");
  }

  private static List<Check> failed(List<Check> checks) {
    return checks.stream().filter(c -> !c.passed()).toList();
  }

  private static Path folder(String name) {
    try {
      return Path.of(Objects.requireNonNull(OptimizerCasesTest.class.getResource("/parity/misc/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
