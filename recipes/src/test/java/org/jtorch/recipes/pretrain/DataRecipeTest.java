package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenShards;
import org.jtorch.io.JsonFile;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.MetricsFile;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The data section of a recipe, from the command line.
class DataRecipeTest {
  private static final int SEQ_LEN = 32;
  private static final int BATCH = 4;

  @TempDir static Path shared = Path.of("");
  @TempDir Path temp = Path.of("");
  private static Path recipe = Path.of("");

  @BeforeAll static void write() throws IOException {
    recipe = TinyRun.recipe(shared, 2);
  }

  private TinyRun.Result run(String name, String... overrides) {
    var result = TinyRun.run(recipe, temp.resolve(name), overrides);
    assertThat(result.code()).as(result.err()).isZero();
    return result;
  }

  private TinyRun.Result prepare(Path folder, String... overrides) {
    var args = new ArrayList<>(List.of("data", "prepare", recipe.toString(), "--out", folder.toString()));
    args.addAll(List.of(overrides));
    return TinyRun.jtorch(args.toArray(String[]::new));
  }

  private static String quoted(Path path) {
    return "\"" + path.toString().replace("\\", "/") + "\"";
  }

  private static String text(Path file) {
    return "{type: plain-text, path: " + quoted(file) + ", split: line}";
  }

  private static MetricsFile metrics(Path run) {
    return MetricsFile.read(run.resolve("metrics.jsonl"));
  }

  private static ObjectNode json(Path file) {
    return (ObjectNode) JsonFile.open(file).node();
  }

  @Test void aRunOnPreparedTokensIsTheRunOnTheirText() throws IOException {
    Path prepared = temp.resolve("prepared text");
    var result = prepare(prepared);
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("tokens for training").contains("type: tokens").contains("~tokenizer");
    run("text");
    run("tokens", "data.source={type: tokens, path: " + quoted(prepared) + "}", "~tokenizer");
    assertThat(Files.mismatch(temp.resolve("text/model/model.safetensors"), temp.resolve("tokens/model/model.safetensors"))).isEqualTo(-1);
    assertThat(Files.mismatch(temp.resolve("text/model/tokenizer.json"), temp.resolve("tokens/model/tokenizer.json"))).isEqualTo(-1);
    assertThat(metrics(temp.resolve("tokens")).evals().stream().map(EvalEvent::bitsPerByte))
        .isEqualTo(metrics(temp.resolve("text")).evals().stream().map(EvalEvent::bitsPerByte).toList());
    assertThat(temp.resolve("tokens/data")).doesNotExist();
  }

  @Test void preparingAgainChangesNothingAndOtherTextIsRefused() throws IOException {
    Path prepared = temp.resolve("prepared");
    assertThat(prepare(prepared).code()).isZero();
    byte[] facts = Files.readAllBytes(prepared.resolve("prepared.json"));
    var again = prepare(prepared);
    assertThat(again.code()).isZero();
    assertThat(again.out()).doesNotContain("training a tokenizer").contains("tokens for training");
    var other = prepare(prepared, "data.held_out=0.2");
    assertThat(other.code()).isEqualTo(2);
    assertThat(other.err()).contains("other text").contains("--out");
    assertThat(prepared.resolve("prepared.json")).hasBinaryContent(facts);
    var tokens = prepare(temp.resolve("twice"), "data.source={type: tokens, path: " + quoted(prepared) + "}", "~tokenizer");
    assertThat(tokens.code()).isEqualTo(2);
    assertThat(tokens.err()).contains("is prepared");
  }

  @Test void runsShareACacheAndKeepTheirTextWhenItsFilesChange() throws IOException {
    Path mine = Files.copy(shared.resolve("text.txt"), temp.resolve("mine.txt"));
    String cache = "data.cache=" + temp.resolve("cache");
    String source = "data.source.path=" + mine;
    assertThat(run("one", cache, source).out()).contains("training a tokenizer");
    assertThat(run("two", cache, source, "seed=9", "train.learning_rate=1e-3").out()).doesNotContain("training a tokenizer");
    assertThat(run("three", cache, source, "tokenizer.vocab_size=290").out()).contains("training a tokenizer");
    try (var folders = Files.list(temp.resolve("cache"))) {
      assertThat(folders).hasSize(2).allMatch(PreparedCorpus::isIn);
    }
    String folder = json(temp.resolve("one/corpus.json")).path("folder").textValue();
    Files.delete(mine);
    deleteModel(temp.resolve("one"));
    assertThat(run("one", cache, "data.source=" + text(Files.writeString(mine, "another text\n"))
        .replace("split: line", "split: blank_line")).out()).doesNotContain("training a tokenizer");
    assertThat(json(temp.resolve("one/corpus.json")).path("folder").textValue()).isEqualTo(folder);
  }

  private static void deleteModel(Path run) throws IOException {
    try (var files = Files.walk(run.resolve("model"))) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test void severalSourcesAreMixedByTheirWeights() throws IOException {
    Path small = Files.writeString(temp.resolve("small.txt"), "a small source of few words, again and again.\n".repeat(40));
    Path large = shared.resolve("text.txt");
    run("mix", "data.source={type: mix, sources: {small: {weight: 3, source: " + text(small) + "}, large: {source: " + text(large) + "}}}");
    try (var corpus = PreparedCorpus.open(temp.resolve("mix/data"))) {
      assertThat(corpus.sources()).extracting(PreparedCorpus.Source::name).containsExactly("small", "large");
      assertThat(corpus.sources()).extracting(PreparedCorpus.Source::weight).containsExactly(3.0, 1.0);
      assertThat(corpus.sources().getFirst().tokens().documents()).isEqualTo(40);
    }
    var plan = TinyRun.jtorch("plan", recipe.toString(), "data.source={type: mix, sources: {small: {weight: 3, source: " + text(small)
        + "}, large: {source: " + text(large) + "}}}");
    assertThat(plan.out()).as(plan.err()).contains("small 75").contains("large 25").contains("epochs");
  }

  @Test void tokensAndEpochsAreStepsToo() {
    run("epochs", "~train.steps", "+train.epochs=0.5");
    long rows = epochRows(temp.resolve("epochs/data/train"));
    assertThat(metrics(temp.resolve("epochs")).steps()).hasSize((int) Math.ceil(0.5 * rows / BATCH));
    run("tokens", "~train.steps", "train.tokens=" + (3 * BATCH * SEQ_LEN - 1));
    assertThat(metrics(temp.resolve("tokens")).steps()).hasSize(3);
    run("first", "train.steps=2", "train.tokens=1000000", "train.epochs=5");
    assertThat(metrics(temp.resolve("first")).steps()).as("the first that is reached").hasSize(2);
    var none = TinyRun.jtorch("validate", recipe.toString(), "~train.steps");
    assertThat(none.code()).isEqualTo(2);
    assertThat(none.err()).contains("train.steps").contains("and so are `tokens` and `epochs`");
  }

  private static long epochRows(Path train) {
    try (var shards = TokenShards.open(train)) {
      return RowSource.packed(shards, SEQ_LEN).rows();
    }
  }

  @Test void whatTheModelSaysOfItselfIsTrue() {
    run("run", "tokenizer.special_tokens=[\"<|im_start|>\", \"<|im_end|>\"]");
    Path model = temp.resolve("run/model");
    assertThat(json(model.resolve("config.json")).path("max_position_embeddings").intValue()).isEqualTo(SEQ_LEN);
    assertThat(json(model.resolve("tokenizer_config.json")).path("model_max_length").intValue()).isEqualTo(SEQ_LEN);
    try (var tokenizer = Tokenizer.load(model)) {
      assertThat(tokenizer.specialTokens()).containsExactly("<|endoftext|>", "<|im_start|>", "<|im_end|>");
    }
    assertThat(metrics(temp.resolve("run")).evals()).extracting(EvalEvent::step).containsExactly(0L, 2L);
  }

  @Test void goingOnKeepsTheTypeOrSaysThatItChanges() {
    run("first");                                            // in float32
    String model = "model={type: folder, path: " + quoted(temp.resolve("first/model")) + "}";
    String tokenizer = "tokenizer={type: file, path: " + quoted(temp.resolve("first/model")) + ", eos: \"<|endoftext|>\"}";
    assertThat(run("kept", model, tokenizer, "dtype=auto").out()).doesNotContain("becomes");
    assertThat(json(temp.resolve("kept/model/config.json")).path("dtype").asText()).isEqualTo("float32");
    assertThat(run("changed", model, tokenizer, "dtype=bf16").out()).contains("is f32 and becomes bf16");
    assertThat(json(temp.resolve("changed/model/config.json")).path("dtype").asText()).isEqualTo("bfloat16");
  }

  @Test void textsOfOnesOwnAreValidatedOn() throws IOException {
    Path mine = Files.writeString(temp.resolve("mine.txt"), "the cat sleeps near the house\nthe river runs under the stone\n");
    run("own", "data.validation=" + text(mine), "data.document_mask=false", "data.packing=concatenated");
    assertThat(temp.resolve("own/data/held-out.txt")).hasContent("the cat sleeps near the housethe river runs under the stone");
    assertThat(json(temp.resolve("own/data/prepared.json")).at("/sources/0/documents").longValue()).isEqualTo(150);
  }

  @Test void whatIsWrongIsSaidAtOnce() {
    var result = TinyRun.jtorch("validate", recipe.toString(), "~tokenizer", "data.validation={type: jsonl, path: none.jsonl, field: text}",
        "data.source={type: mix, sources: {a: {source: {type: jsonl, path: \"nowhere/*.jsonl\", field: text}}}}");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("3 problems").contains("nowhere").contains("none.jsonl").containsPattern("tokenizer +missing key");
    var bounds = TinyRun.jtorch("validate", recipe.toString(), "tokenizer.sample_bytes=5", "data.held_out_bytes=0", "train.epochs=-1",
        "tokenizer.special_tokens=[\"<|endoftext|>\"]");
    assertThat(bounds.err()).contains("sample_bytes").contains("held_out_bytes").contains("epochs");
    var mix = TinyRun.jtorch("validate", recipe.toString(), "data.source={type: mix, sources: {\"a/b\": {weight: 0, source: "
        + text(shared.resolve("text.txt")) + "}}}");
    assertThat(mix.code()).isEqualTo(2);
    assertThat(mix.err()).contains("weight").contains("must be above 0");
    var tokens = TinyRun.jtorch("validate", recipe.toString(), "data.source={type: tokens, path: nowhere}");
    assertThat(tokens.err()).contains("no folder \"nowhere\" is there; jtorch data prepare writes folders of tokens").contains("tokens bring their tokenizer");
  }
}
