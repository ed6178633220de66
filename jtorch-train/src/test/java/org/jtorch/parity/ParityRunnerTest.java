package org.jtorch.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.parity.Row.Verdict;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParityRunnerTest {
  private static final String LLAMA = "models/llama31";

  @TempDir Path temp = Path.of("");

  @Test void theShippedModelPassesWithBothConfigurations() {
    var rows = run(fixture(LLAMA));
    assertThat(rows).allSatisfy(r -> assertThat(r.verdict()).as(r.toString()).isEqualTo(Verdict.PASS));
    for (String what : List.of("logits", "loss", "hidden_states.0", "padded.logits", "padded.loss", "leftpad.logits", "pos.logits",
        "packed.logits", "gradients (autograd)", "gradients (tape)", "gradients (checkpointed)", "grad_norm (tape)", "gen.sequences",
        "gen.step_logits", "genb.sequences", "geneos.sequences")) {
      assertThat(rows).extracting(Row::what).contains(what, what + " (legacy config)");
    }
    assertThat(rows).filteredOn(r -> r.what().equals("gradients (tape)")).singleElement()
        .satisfies(r -> assertThat(r.maxRel()).isBetween(1e-12, 6e-5));
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void theShippedTrainingRunAndRotaryTablesPass() {
    assertThat(run(fixture("misc/train_sft"))).hasSizeGreaterThan(8)
        .allSatisfy(r -> assertThat(r.verdict()).as(r.toString()).isEqualTo(Verdict.PASS))
        .extracting(Row::what).contains("loss", "grad_norm", "final_weight_norm", "bf16_loss", "bf16_final_weight_norm");
    assertThat(run(fixture("misc/rope"))).hasSizeGreaterThan(20)
        .allSatisfy(r -> assertThat(r.verdict()).as(r.toString()).isEqualTo(Verdict.PASS));
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void lossesThatAreThereRunAndTheOthersAreLeftOut() {
    var rows = run(fixture("losses"));
    assertThat(rows).noneMatch(r -> r.verdict() == Verdict.FAIL);
    assertThat(rows).filteredOn(r -> r.folder().equals("chunked_cross_entropy") && r.verdict() == Verdict.PASS)
        .hasSizeGreaterThanOrEqualTo(9);
    assertThat(rows).anyMatch(r -> r.folder().equals("cross_entropy") && r.what().equals("v0.loss") && r.verdict() == Verdict.PASS);
    assertThat(rows).filteredOn(r -> r.folder().equals("moe_load_balancing")).hasSize(12).allMatch(r -> r.verdict() == Verdict.PASS);
  }

  @Test void tokenizersAndTemplatesMustBeEqual() throws IOException {
    var shipped = fixture("templates/chatml_plain");
    assertThat(run(shipped)).extracting(Row::what).containsExactly("rendered", "input_ids");
    assertThat(run(shipped)).extracting(Row::verdict).containsOnly(Verdict.PASS);
    for (String name : List.of("case.json", "cases.json", "tokenizer.json", "tokenizer_config.json")) {
      Files.copy(shipped.resolve(name), temp.resolve(name));
    }
    edit(temp.resolve("cases.json"), c -> ((ObjectNode) c.path("chats").path(1)).put("rendered", "something else"));
    var rows = run(temp);
    assertThat(failed(rows)).containsExactly("rendered");
    assertThat(rows.getFirst().note()).startsWith("1 of ").contains("chats[1]", "\"something else\" is stored");
    edit(temp.resolve("case.json"), c -> c.put("kind", "tokenizer"));       // the same folder as a tokenizer case
    write("cases.json", "{\"encode\": [{\"text\": \"hello\", \"ids\": [0]}], \"decode_only\": []}");
    assertThat(failed(run(temp))).contains("encode.ids", "encode.tokens").doesNotContain("decode_only");
  }

  @Test void oneWrongWeightIsFound() throws IOException {
    Path folder = copyOfLlama();
    perturb(folder.resolve("model.safetensors"), "model.layers.1.mlp.up_proj.weight");
    var rows = run(temp);
    assertThat(failed(rows)).contains("logits", "loss", "hidden_states.2", "gen.step_logits").doesNotContain("hidden_states.1");
    assertThat(rows).anyMatch(r -> r.what().startsWith("grad.model.layers.2.") && r.verdict() == Verdict.FAIL);
    assertThat(rows.getFirst().folder()).isEqualTo("mine/llama");
  }

  @Test void aSlightlyWrongSettingFailsUnderItsOwnConfigurationOnly() throws IOException {
    Path folder = copyOfLlama();
    Files.copy(fixture(LLAMA).resolve("config_legacy.json"), folder.resolve("config_legacy.json"));
    edit(folder.resolve("config.json"), c -> c.put("rms_norm_eps", c.get("rms_norm_eps").doubleValue() * 1.5));
    assertThat(failed(run(temp))).contains("logits", "loss", "gen.step_logits").noneMatch(w -> w.endsWith("(legacy config)"));
  }

  @Test void wrongTokensFailWhateverTheTolerance() throws IOException {
    Path folder = copyOfLlama();
    edit(folder.resolve("case.json"), c -> c.put("geneos_eos_token_id", -1));
    var rows = ParityRunner.run(temp, OptionalDouble.of(1e9), _ -> {});
    assertThat(failed(rows)).containsExactly("geneos.sequences");
  }

  @Test void aGivenToleranceReplacesThoseOfTheCase() {
    var rope = fixture("misc/rope");
    assertThat(failed(ParityRunner.run(rope, OptionalDouble.of(1e-30), _ -> {}))).contains("default.cos", "yarn.inv_freq");
    assertThat(failed(ParityRunner.run(rope, OptionalDouble.of(1), _ -> {}))).isEmpty();
  }

  @Test void kindsAndFamiliesOfOtherVersionsAreLeftOut() throws IOException {
    write("strange/case.json", "{\"case\": \"strange\", \"kind\": \"telepathy\", \"tolerance\": \"exact\"}");
    write("model/case.json", "{\"case\": \"model\", \"kind\": \"causal_lm\"}");
    write("model/config.json", "{\"model_type\": \"abacus\"}");
    var rows = run(temp);
    assertThat(rows).extracting(Row::folder).containsExactly("model", "strange");         // models first
    assertThat(rows).extracting(Row::verdict).containsOnly(Verdict.SKIP);
    assertThat(rows.getFirst().note()).contains("\"abacus\"");
    assertThat(rows.getLast().json()).isEqualTo("{\"case\":\"strange\",\"what\":\"telepathy\",\"max_abs\":null,\"max_rel\":null,"
        + "\"verdict\":\"SKIP\",\"note\":\"cases of the kind \\\"telepathy\\\" are not supported by this version\"}");
  }

  @Test void whatCannotRunIsAFailedRowAndTheOthersGoOn() throws IOException {
    Files.delete(copyOfLlama().resolve("model.safetensors"));
    write("zzz/case.json", "{\"case\": \"zzz\", \"kind\": \"telepathy\"}");
    var rows = run(temp);
    assertThat(rows).hasSize(2);
    assertThat(rows.getFirst().verdict()).isEqualTo(Verdict.FAIL);
    assertThat(rows.getFirst().note()).contains("model.safetensors");
  }

  @Test void aBrokenCaseOrNoneIsAnErrorThatNamesTheFile() throws IOException {
    assertThatThrownBy(() -> run(temp)).isInstanceOf(DataException.class).hasMessageContaining(temp.toString());
    assertThatThrownBy(() -> run(temp.resolve("none"))).isInstanceOf(DataException.class).hasMessageContaining("none");
    write("bad/case.json", "{\"case\": \"bad\", ");
    assertThatThrownBy(() -> run(temp)).isInstanceOf(DataException.class)
        .hasMessageContaining(temp.resolve("bad").resolve("case.json").toString());
  }

  private static List<Row> run(Path dir) {
    return ParityRunner.run(dir, OptionalDouble.empty(), _ -> {});
  }

  private static List<String> failed(List<Row> rows) {
    return rows.stream().filter(r -> r.verdict() == Verdict.FAIL).map(Row::what).toList();
  }

  private static Path fixture(String name) {
    try {
      return Path.of(Objects.requireNonNull(ParityRunnerTest.class.getResource("/parity/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /// The shipped model without its older configuration, under a name of its own.
  private Path copyOfLlama() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("mine/llama"));
    for (String name : List.of("case.json", "config.json", "model.safetensors", "io.safetensors")) {
      Files.copy(fixture(LLAMA).resolve(name), folder.resolve(name));
    }
    return folder;
  }

  /// Adds 0.5 to the first element of a tensor.
  private static void perturb(Path file, String tensor) throws IOException {
    float value;
    long before = 0;
    try (var weights = SafeTensors.open(file)) {
      var entry = weights.get(tensor);
      value = entry.bytes().get(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
      for (var e : weights.entries().values()) {
        before += e.bytes().address() < entry.bytes().address() ? e.bytes().byteSize() : 0;
      }
    }
    var bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int at = Math.toIntExact(8 + bytes.getLong(0) + before);
    assertThat(bytes.getFloat(at)).isEqualTo(value);
    Files.write(file, bytes.putFloat(at, value + 0.5f).array());
  }

  private static void edit(Path file, Consumer<ObjectNode> change) {
    var node = (ObjectNode) JsonFile.open(file).node();
    change.accept(node);
    JsonFile.write(file, node);
  }

  private void write(String name, String text) throws IOException {
    Path file = temp.resolve(name);
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.writeString(file, text);
  }
}
