package org.jtorch.parity;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.jtorch.io.JsonFile;
import org.jtorch.parity.Row.Verdict;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The shipped classifier and reward model, and copies of them with one thing wrong.
class HeadCasesTest {
  private static final List<String> GRADIENTS = List.of("gradients (autograd)", "gradients (tape)", "gradients (checkpointed)",
      "grad_norm (autograd)", "grad_norm (tape)", "grad_norm (checkpointed)");

  @TempDir Path temp = Path.of("");

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void theShippedClassifierPasses() {
    var rows = run(fixture("roberta_cls"));
    assertThat(rows).allSatisfy(r -> assertThat(r.verdict()).as(r.toString()).isEqualTo(Verdict.PASS));
    assertThat(rows).extracting(Row::what)
        .contains("position_ids (mask)", "position_ids (tokens)", "hidden_states.0", "hidden_states.1",
        "hidden_states.2", "logits", "loss").containsAll(GRADIENTS);
    assertThat(rows).filteredOn(r -> r.what().equals("gradients (tape)")).singleElement()
        .satisfies(r -> assertThat(r.note()).startsWith("41 tensors"))
        .satisfies(r -> assertThat(r.maxRel()).isBetween(1e-12, 5e-5));
  }

  @Test void theShippedRewardModelPassesWithBothConfigurations() {
    var rows = run(fixture("reward_llama"));
    assertThat(rows).allSatisfy(r -> assertThat(r.verdict()).as(r.toString()).isEqualTo(Verdict.PASS));
    var wanted = new ArrayList<>(GRADIENTS);
    wanted.addAll(List.of("last_token", "leftpad.last_token", "hidden_states.2", "logits", "leftpad.logits", "loss",
        "loss_no_margin"));
    for (String what : wanted) {
      assertThat(rows).extracting(Row::what).contains(what, what + " (legacy config)");
    }
  }

  @Test void aSlightlyWrongSettingFails() throws IOException {
    copy("roberta_cls");
    edit("config.json", c -> c.put("layer_norm_eps", c.get("layer_norm_eps").doubleValue() * 1.5));
    assertThat(failed(run(temp))).contains("hidden_states.0", "logits", "loss").doesNotContain("position_ids (mask)");
    edit("config.json", c -> c.put("layer_norm_eps", c.get("layer_norm_eps").doubleValue() / 1.5)
        .put("hidden_act", "gelu_pytorch_tanh"));
    assertThat(failed(run(temp))).contains("hidden_states.1").doesNotContain("hidden_states.0");
  }

  @Test void anotherPaddingTokenMovesTheHead() throws IOException {
    copy("reward_llama");
    edit("config.json", c -> c.put("pad_token_id", 89));
    assertThat(failed(run(temp))).contains("last_token")
        .doesNotContain("logits", "last_token (legacy config)");   // the mask decides
  }

  @Test void whatIsUnknownIsLeftOutAndWhatIsBrokenFails() throws IOException {
    copy("reward_llama");
    edit("config.json", c -> c.put("model_type", "abacus"));
    assertThat(run(temp)).singleElement().satisfies(r -> assertThat(r.verdict()).isEqualTo(Verdict.SKIP));
    edit("config.json", c -> c.put("model_type", "llama").put("num_labels", 2));
    assertThat(run(temp)).filteredOn(r -> r.verdict() == Verdict.FAIL).singleElement()
        .satisfies(r -> assertThat(r.note()).contains("`id2label` has 1 labels but `num_labels` is 2"));
  }

  private static List<Row> run(Path dir) {
    var rows = new ArrayList<Row>();
    var _ = ParityRunner.run(dir, OptionalDouble.empty(), rows::add);
    return rows;
  }

  private static List<String> failed(List<Row> rows) {
    return rows.stream().filter(r -> r.verdict() == Verdict.FAIL).map(Row::what).toList();
  }

  private static Path fixture(String name) {
    try {
      var file = HeadCasesTest.class.getResource("/parity/models/" + name + "/case.json");
      return Path.of(Objects.requireNonNull(file, name).toURI()).resolveSibling("");
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private void copy(String name) throws IOException {
    try (var files = Files.list(fixture(name))) {
      for (Path file : files.toList()) {
        Files.copy(file, temp.resolve(file.getFileName()));
      }
    }
  }

  private void edit(String name, Consumer<ObjectNode> change) {
    var node = (ObjectNode) JsonFile.open(temp.resolve(name)).node();
    change.accept(node);
    JsonFile.write(temp.resolve(name), node);
  }
}
