package org.jtorch.align.cases;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import org.jtorch.parity.ParityRunner;
import org.jtorch.parity.Row;
import org.jtorch.parity.Row.Verdict;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The shipped cases against TRL's values, and copies of them with one thing wrong.
class AlignCasesTest {
  @TempDir Path temp;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static List<Row> run(Path dir) {
    return ParityRunner.run(dir, OptionalDouble.empty(), AlignCases.all(), _ -> {});
  }

  private static Path fixture(String name) {
    try {
      return Path.of(Objects.requireNonNull(AlignCasesTest.class.getResource("/parity/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test void everyVariantOfTheLossPasses() {
    var rows = run(fixture("losses/dpo"));
    assertThat(rows).hasSizeGreaterThan(100).allSatisfy(r -> assertThat(r.verdict()).as(r.toString()).isEqualTo(Verdict.PASS));
    for (int v = 0; v < 25; v++) {
      assertThat(rows).extracting(Row::what).contains("v" + v + ".loss", "v" + v + ".losses", "grad.v" + v + ".policy_chosen_logps");
    }
    assertThat(rows).extracting(Row::what).contains("grad.v0.policy_logits", "v16.loss", "policy_chosen_logps");
  }

  @Test void theRunPassesStepByStep() {
    assertThat(run(fixture("misc/train_dpo"))).allSatisfy(r -> assertThat(r.verdict()).as(r.toString()).isEqualTo(Verdict.PASS))
        .extracting(Row::what).contains("loss", "grad_norm", "rewards_chosen", "rewards_rejected", "rewards_margin", "rewards_accuracy",
            "logps_chosen", "logps_rejected", "final_weight_norm");
  }

  @ParameterizedTest
  @CsvSource({"ppo, 20", "rloo, 23", "grpo, 19", "gae_advantages, 12", "kl_estimators, 22", "whitening, 2"})
  void lossesAndAdvantagesOfPoliciesPass(String name, int comparisons) {
    var rows = run(fixture("losses/" + name));
    assertThat(rows).allSatisfy(r -> assertThat(r.verdict()).as(r.toString()).isEqualTo(Verdict.PASS)).hasSize(comparisons);
  }

  @Test void aWrongClipIsNoticed() throws IOException {
    copy("losses/grpo");
    String json = Files.readString(temp.resolve("case.json"));
    Files.writeString(temp.resolve("case.json"), json.replaceFirst("\"epsilon_low\": 0.2", "\"epsilon_low\": 0.05"));
    assertThat(run(temp).stream().filter(r -> r.verdict() == Verdict.FAIL).map(Row::what)).contains("v3.loss").noneMatch(w -> w.startsWith("v4."));
  }

  @Test void aWrongBetaIsNoticed() throws IOException {
    copy("losses/dpo");
    String json = Files.readString(temp.resolve("case.json"));
    Files.writeString(temp.resolve("case.json"), json.replaceFirst("\"beta\": 0.1", "\"beta\": 0.15"));
    assertThat(run(temp).stream().filter(r -> r.verdict() == Verdict.FAIL).map(Row::what)).contains("v0.losses", "v0.loss", "v0.chosen_rewards")
        .noneMatch(w -> w.startsWith("v1."));
  }

  private void copy(String name) throws IOException {
    try (var files = Files.list(fixture(name))) {
      for (Path file : files.toList()) {
        Files.copy(file, temp.resolve(file.getFileName()));
      }
    }
  }
}
