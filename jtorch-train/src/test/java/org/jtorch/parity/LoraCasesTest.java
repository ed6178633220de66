package org.jtorch.parity;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import org.jtorch.io.JsonFile;
import org.jtorch.parity.Row.Verdict;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraCasesTest {
  @TempDir Path temp = Path.of("");

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void theShippedAdapterPassesWithBothConfigurations() throws URISyntaxException {
    var rows = run(fixture());
    assertThat(rows).allSatisfy(r -> assertThat(r.verdict()).as(r.toString()).isEqualTo(Verdict.PASS));
    for (String what : List.of("logits", "loss", "base.logits", "base.loss", "gradients (autograd)", "gradients (tape)",
        "gradients (checkpointed)", "merged weights", "merged.logits", "merged logit change", "unmerged logits")) {
      assertThat(rows).extracting(Row::what).contains(what, what + " (legacy config)");
    }
    assertThat(rows).filteredOn(r -> r.what().equals("gradients (tape)")).singleElement()
        .satisfies(r -> assertThat(r.note()).startsWith("28 tensors"));
  }

  @Test void aWrongScaleIsFoundEverywhereButInTheBase() throws IOException, URISyntaxException {
    Path adapter = Files.createDirectories(temp.resolve("adapter"));
    for (String name : List.of("case.json", "config.json", "model.safetensors", "io.safetensors", "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors")) {
      Files.copy(fixture().resolve(name), temp.resolve(name));
    }
    var config = (ObjectNode) JsonFile.open(adapter.resolve("adapter_config.json")).node();
    JsonFile.write(adapter.resolve("adapter_config.json"), config.put("use_rslora", false));
    var failed = run(temp).stream().filter(r -> r.verdict() == Verdict.FAIL).map(Row::what).toList();
    assertThat(failed).contains("logits", "loss", "merged.logits",
        "grad.base_model.model.model.layers.0.mlp.up_proj.lora_A.weight", "merged.model.layers.1.mlp.up_proj.weight")
        .doesNotContain("base.logits", "base.loss", "merged logit change");
  }

  private static List<Row> run(Path dir) {
    return ParityRunner.run(dir, OptionalDouble.empty(), _ -> {});
  }

  private static Path fixture() throws URISyntaxException {
    return Path.of(Objects.requireNonNull(LoraCasesTest.class.getResource("/parity/models/lora_b")).toURI());
  }
}
