package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.nn.Pass;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.MetricsFile;
import org.jtorch.observe.StepEvent;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecipeTest {
  @TempDir static Path shared = Path.of("");
  @TempDir Path temp = Path.of("");
  private static Path text = Path.of("");
  private static Path recipe = Path.of("");
  private static Path chats = Path.of("");
  private static Path template = Path.of("");

  @BeforeAll static void write() throws IOException {
    recipe = TinyRun.recipe(shared, 2);
    text = shared.resolve("text.txt");
    assertThat(TinyRun.run(recipe, shared.resolve("first")).code()).isZero();
    chats = Files.writeString(shared.resolve("pairs.jsonl"), "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}\n"
        + "{\"prompt\": \"d\", \"chosen\": \"e\", \"rejected\": \"f\"}\n");
    template = Files.writeString(shared.resolve("plain.jinja"), "{%- for m in messages -%}{%- generation -%}{{- m['content'] -}}"
        + "{%- endgeneration -%}{%- endfor -%}");
  }

  static Stream<String> builtIn() throws IOException {
    try (InputStream in = RecipeTest.class.getResourceAsStream("/recipes/index.txt")) {
      var lines = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8).lines();
      return lines.map(String::strip).filter(l -> !l.isEmpty() && !l.startsWith("#")).toList().stream();
    }
  }

  /// What a recipe's head asks its user for.
  private static List<String> own(String name) {
    String model = shared.resolve("first/model").toString().replace('\\', '/');
    String path = "data.source.path=" + text.toString().replace('\\', '/');
    if (TinyRun.jtorch("cat", name).out().contains("\nstages:\n")) {
      return List.of();
    }
    return switch (name) {
      case "quickstart", "prune-distil" -> List.of();
      case "continue" -> List.of(path, "model.path=" + model, "tokenizer.path=" + model, "data.seq_len=32");
      case "sft", "dpo", "reward" -> List.of("from=" + model, "chats.sources=[{path: \"" + chats.toString().replace('\\', '/') + "\"}]", "chats.max_tokens=32",
          "chats.template=" + template.toString().replace('\\', '/'));
      case "online-dpo", "rl" -> List.of("from=" + model, "prompts.sources=[\"" + chats.toString().replace('\\', '/') + "\"]", "prompts.max_tokens=16",
          "prompts.template=" + template.toString().replace('\\', '/'), "new_tokens=16", "rewards=[{type: length, free: 4, per_token: 0.1}]");
      case "rejection-sampling" -> List.of("from=" + model, "prompts.sources=[\"" + chats.toString().replace('\\', '/') + "\"]", "prompts.max_tokens=16",
          "prompts.template=" + template.toString().replace('\\', '/'), "draw.new_tokens=16");
      default -> List.of(path);
    };
  }

  @ParameterizedTest @MethodSource("builtIn") void everyBuiltInRecipeIsValid(String name) {
    var args = new ArrayList<>(List.of("validate", name));
    args.addAll(own(name));
    var result = TinyRun.jtorch(args.toArray(String[]::new));
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    assertThat(TinyRun.jtorch("cat", name).out()).contains("# Purpose:", "# Run:", "./jtorch run " + name);
  }

  @ParameterizedTest @ValueSource(strings = {"muon", "adastar"})
  void aRunWithAnotherOptimizerLearnsAndGoesOn(String type) {
    String[] command = {"run", recipe.toString(), "--out", temp.resolve("other").toString(), "optimizer.type=" + type, "train.steps=4"};
    assertThat(TinyRun.jtorch(command).code()).isZero();
    command[command.length - 1] = "train.steps=8";
    assertThat(TinyRun.jtorch(command).code()).isZero();
    var losses = MetricsFile.read(temp.resolve("other/metrics.jsonl")).steps().stream().map(StepEvent::loss).toList();
    assertThat(losses).hasSize(8);
    assertThat(losses.getLast()).isLessThan(losses.getFirst());
  }

  static Stream<String> pretraining() throws IOException {
    return builtIn().filter(name -> TinyRun.jtorch("cat", name).out().contains("\ntype: pretrain\n"));
  }

  /// In miniature, but for the recipe's own source, packing, schedule, optimizer and prompts.
  @ParameterizedTest @MethodSource("pretraining") void everyBuiltInPretrainingRuns(String name) {
    Path out = temp.resolve("run");
    var args = new ArrayList<>(List.of("run", name, "--out", out.toString(), "device=cpu", "dtype=f32", "train.steps=2", "train.batch=4",
        "train.accumulate=1", "train.schedule.warmup=1", "data.seq_len=32", "data.held_out=0.1", "eval.new_tokens=3", "eval.every=0"));
    args.addAll(own(name));
    if (name.equals("quickstart")) {
      args.add("data.source={type: plain-text, path: \"" + text.toString().replace('\\', '/') + "\", split: blank_line}");
    } else {
      args.add("data.source.separator=null");
      args.add("data.source.split=blank_line");
    }
    if (!name.equals("continue")) {
      args.addAll(List.of("tokenizer={type: train, vocab_size: 300}", "model={type: llama, dim: 16, layers: 1, heads: 2}"));
    }
    var result = TinyRun.jtorch(args.toArray(String[]::new));
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(MetricsFile.read(out.resolve("metrics.jsonl")).steps()).hasSize(2);
  }

  @Test void aRunLeavesAModelAndItsRecord() throws IOException {
    Path out = temp.resolve("run");
    var result = TinyRun.run(recipe, out, "dtype=auto", "data.packing=concatenated");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("report.html").contains(out.resolve("model").toString());
    for (String name : List.of("resolved.yaml", "run.json", "metrics.jsonl", "report.html", "checkpoints/step-00000002/trainer.json",
        "data/held-out.txt", "model/config.json", "model/tokenizer.json", "model/generation_config.json")) {
      assertThat(out.resolve(name)).isRegularFile().isNotEmptyFile();
    }
    try (var events = Files.list(out.resolve("tensorboard"))) {
      assertThat(events.map(p -> String.valueOf(p.getFileName()))).isNotEmpty().allMatch(n -> n.contains("tfevents"));
    }
    var metrics = MetricsFile.read(out.resolve("metrics.jsonl"));
    assertThat(metrics.steps()).hasSize(2).allMatch(s -> s.liveTensors() == 0 && !s.skipped());
    assertThat(metrics.evals()).extracting(EvalEvent::step).containsExactly(0L, 2L);
    assertThat(metrics.evals().getFirst().bitsPerByte()).isBetween(1.0, 8.0);
    AtomicFolder.verify(out.resolve("model"));
    speaks(out.resolve("model"));
    againChangesNothing(out);
  }

  private static void speaks(Path folder) {
    try (var tokenizer = Tokenizer.load(folder); var model = Pretrained.load(folder, Device.CPU, null);
        var _ = TensorScope.open(); var _ = Grad.off()) {
      long[] ids = tokenizer.encodeText("the cat sleeps");
      double[] logits = model.apply(Tensor.of(ids).view(1, ids.length), Pass.EMPTY).to(org.jtorch.tensor.DType.F64).toDoubles();
      assertThat(logits).hasSize(ids.length * tokenizer.vocabSize());
      assertThat(Arrays.stream(logits).allMatch(Double::isFinite)).isTrue();
      assertThat(Arrays.stream(logits).distinct().count()).isGreaterThan(10);
    }
  }

  private static void againChangesNothing(Path out) throws IOException {
    byte[] model = Files.readAllBytes(out.resolve("model/model.safetensors"));
    byte[] metrics = Files.readAllBytes(out.resolve("metrics.jsonl"));
    var again = TinyRun.run(recipe, out, "dtype=auto", "data.packing=concatenated");
    assertThat(again.code()).isZero();
    assertThat(again.out()).contains("finished run").contains("--out");
    assertThat(Files.readAllBytes(out.resolve("model/model.safetensors"))).isEqualTo(model);
    assertThat(Files.readAllBytes(out.resolve("metrics.jsonl"))).isEqualTo(metrics);
  }

  @Test void anotherRecipeIsRefusedInTheFolderOfARun() throws IOException {
    Path out = temp.resolve("run");
    assertThat(TinyRun.run(recipe, out).code()).isZero();
    delete(out.resolve("model"));                            // as if the run had not come to its end
    var other = TinyRun.run(recipe, out, "seed=8", "train.learning_rate=1e-4");
    assertThat(other.code()).isEqualTo(2);
    assertThat(other.err()).contains("another recipe").contains("seed: 7 -> 8").contains("--out");
    var never = TinyRun.jtorch("run", recipe.toString(), "--out", out.toString(), "--resume", "never");
    assertThat(never.code()).isEqualTo(2);
    assertThat(never.err()).contains("holds a run already").contains("--resume auto");
    assertThat(TinyRun.run(recipe, out, "eval.every=1").code()).as("how often it validates may change").isZero();
    assertThat(out.resolve("model")).isDirectory();
  }

  @Test void aFolderInUseIsRefused() throws IOException {
    Path out = Files.createDirectory(temp.resolve("run"));
    try (var channel = FileChannel.open(out.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        var _ = channel.lock(Long.MAX_VALUE - 1, 1, false)) {
      var second = TinyRun.run(recipe, out);
      assertThat(second.code()).as(second.err()).isEqualTo(2);
      assertThat(second.err()).contains("in use by another run").contains("--out");
      assertThat(out.resolve("resolved.yaml")).doesNotExist();
    }
    assertThat(TinyRun.run(recipe, out).code()).isZero();
  }

  @Test void aReportThatIsMissingIsMadeUp() throws IOException {
    Path out = temp.resolve("run");
    assertThat(TinyRun.run(recipe, out).code()).isZero();
    Files.delete(out.resolve("report.html"));                // killed between model and report
    assertThat(TinyRun.run(recipe, out).code()).isZero();
    assertThat(out.resolve("report.html")).isNotEmptyFile();
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (Path p : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(p);
      }
    }
  }

  @Test void aMissingTextIsFoundBeforeTheRun() {
    var result = TinyRun.jtorch("validate", recipe.toString(), "data.source.path=nowhere.txt");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("data.source.path").contains("no file or folder nowhere.txt");
    assertThat(TinyRun.run(recipe, temp.resolve("run"), "data.source.path=nowhere.txt").code()).isEqualTo(2);
    assertThat(temp.resolve("run")).doesNotExist();
  }

  @Test void aMissingTextIsShownAtItsLine() throws IOException {
    Files.delete(TinyRun.text(temp));
    Path mine = Files.writeString(temp.resolve("mine.yaml"), Files.readString(recipe).replace(shared.toString(), temp.toString()));
    var result = TinyRun.jtorch("validate", mine.toString());
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("mine.yaml").containsPattern("\n +7:\\d+ +data.source.path +no file or folder .*text.txt");
  }

  @Test void anEmptyTextIsBrokenData() throws IOException {
    Path empty = Files.writeString(temp.resolve("empty.txt"), "\n\n  \n");
    var result = TinyRun.run(recipe, temp.resolve("run"), "data.source.path=" + empty);
    assertThat(result.code()).isEqualTo(3);
    assertThat(result.err()).contains("empty.txt");
    assertThat(temp.resolve("run/data/prepared.json")).doesNotExist();
  }

  @Test void textWithoutAHeldOutDocumentIsBrokenData() throws IOException {
    Path one = Files.writeString(temp.resolve("one.txt"), "the cat sleeps\n");
    var result = TinyRun.run(recipe, temp.resolve("run"), "data.source.path=" + one, "data.held_out=1e-9");
    assertThat(result.code()).isEqualTo(3);
    assertThat(result.err()).contains("held_out");
  }

  @Test void aBatchLargerThanTheTextIsRefused() {
    var result = TinyRun.run(recipe, temp.resolve("run"), "train.batch=100000");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("batch of 100000 rows is larger than the corpus");
  }

  @ParameterizedTest @CsvSource(delimiter = '|', value = {
      "model.max_positions=31 | data.seq_len +32 is longer than the model allows.*31",
      "train.accumulate=3     | train.accumulate +\\(3\\) must divide `batch` \\(4\\); e.g. accumulate: [24]",
      "model.heads=3          | model.heads +\\(3\\) must divide `dim` \\(32\\); e.g. heads: [24]",
      "model.kv_heads=4       | model.kv_heads +\\(4\\) must divide `heads` \\(2\\)",
      "+train.batsch=4        | train.batsch +unknown key; did you mean \"batch\"",
      "train.stebs=4          | train.stebs.*steps",
      "train.steps=0          | train.steps +must be >= 1",
      "train.learning_rate=0  | train.learning_rate +must be > 0",
      "dtype=f17              | dtype.*auto, bf16 or f32",
      "device=tpu             | device.*best, cpu, cuda or cuda:N",
      "device=cuda:77         | device +device \"cuda:77\" is not there: libtorch sees \\d+ CUDA devices",
      "optimizer.beta1=1      | optimizer.beta1 +must be from 0 to below 1",
      "optimizer.beta2=-0.1   | optimizer.beta2 +must be from 0 to below 1",
      "optimizer.eps=-1       | optimizer.eps +must be >= 0",
      "train.spikes.patience=0 | train.spikes.patience +must be >= 1",
      "train.spikes.sigmas=0  | train.spikes.sigmas +must be > 0",
      "eval.new_tokens=0      | eval.new_tokens +must be >= 1",
      "eval.temperature=-1    | eval.temperature +must be >= 0",
      "eval.every=-1          | eval.every +must be >= 0",
      "save.keep=-1           | save.keep +must be >= 0",
      "save.minutes=-1        | save.minutes +must be >= 0",
      "save.milestones=7      | save.milestones +\\(7\\) must be a multiple of `every` \\(5\\)",
      "save={every: 3, keep_best: true} | save.keep_best +needs a checkpoint wherever it validates: eval.every \\(10\\)",
      "metrics.prometheus_port=70000 | metrics.prometheus_port +must be from 0",
      "model={type: preset, name: llama3-tiny, max_positions: 16} | data.seq_len +32 is longer than the model allows",
      "data.held_out=1        | data.held_out +must lie between 0 and 1",
      "tokenizer.vocab_size=9 | tokenizer.vocab_size +must be >= 260",
      "train.schedule.warmup=9 | train.schedule.*warmup \\(9\\)"})
  void aWrongRecipeIsRefusedBeforeTheRun(String override, String message) {
    var result = TinyRun.run(recipe, temp.resolve("run"), override);
    assertThat(result.code()).as(result.err()).isEqualTo(2);
    assertThat(result.err()).containsPattern(message);
    assertThat(temp.resolve("run")).doesNotExist();
  }

  @Test void anEndTokenThatTheTokenizerLacksIsRefusedBeforeTheRun() {
    Path run = temp.resolve("run");
    assertThat(TinyRun.run(recipe, run).code()).isZero();
    String tokenizer = "tokenizer={type: file, path: \"" + run.resolve("model").toString().replace("\\", "/") + "\", eos: \"%s\"}";
    var wrong = TinyRun.jtorch("plan", recipe.toString(), tokenizer.formatted("<|end|>"));
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).containsPattern("tokenizer.eos +.*has no token \"<\\|end\\|>\"; its special tokens are \\[<\\|endoftext\\|>]");
    assertThat(TinyRun.jtorch("validate", recipe.toString(), tokenizer.formatted("<|endoftext|>")).code()).isZero();
  }

  @ParameterizedTest @ValueSource(strings = {"validate", "plan"}) void shortOverridesWorkWithoutARun(String command) {
    var wrong = TinyRun.jtorch(command, recipe.toString(), "--steps", "0", "--device", "tpu", "--seed", "x");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).containsPattern("override +seed +").containsPattern("override +train.steps +must be >= 1");
    assertThat(TinyRun.jtorch(command, recipe.toString(), "--device", "tpu").err()).containsPattern("override +device +");
    assertThat(TinyRun.jtorch("plan", recipe.toString(), "--steps", "7", "--dtype", "f32").out()).contains("7 of 128 tokens");
  }

  @Test void anUnknownKeyIsShownAtItsLineWithANeighbour() throws IOException {
    Path wrong = Files.writeString(temp.resolve("wrong.yaml"), Files.readString(recipe).replace("  batch: 4", "  bathc: 4"));
    var result = TinyRun.jtorch("validate", wrong.toString());
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("wrong.yaml").containsPattern("14:3 +train.bathc +unknown key; did you mean \"batch\"");
  }

  @Test void planStartsNothing() {
    var result = TinyRun.run(recipe, temp.resolve("run"), "--dry-run");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("parameters").contains("memory").contains("2 of 128 tokens");
    assertThat(temp.resolve("run")).doesNotExist();
  }
}
