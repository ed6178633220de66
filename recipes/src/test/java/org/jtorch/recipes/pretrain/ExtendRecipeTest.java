package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;
import org.jtorch.eval.needle.Haystacks;
import org.jtorch.eval.needle.NeedleGrid;
import org.jtorch.eval.needle.NeedleItem;
import org.jtorch.family.Pretrained;
import org.jtorch.io.Fingerprint;
import org.jtorch.io.JsonFile;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.run.RunFolder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An `extend` recipe from its first to its last, killed, rolled back, stopped. The model is too small to find anything: it takes the
/// shorter of two answers always, and whether that is the needle's is a matter of the seed.
class ExtendRecipeTest {
  private static final int SHORT = 32;

  @TempDir static Path shared = Path.of("");
  private static Path core = Path.of("");
  @TempDir Path temp = Path.of("");

  @BeforeAll static void train() throws IOException {
    var result = TinyRun.run(TinyRun.recipe(shared, 6), shared.resolve("core"));
    assertThat(result.code()).as(result.err()).isZero();
    core = shared.resolve("core/model");
  }

  /// The first seed by which the shorter answer is right in every haystack of these lengths, and not in those of the others.
  private static long seed(List<Integer> right, List<Integer> wrong) {
    LongPredicate fits = seed -> right.stream().allMatch(n -> isRight(n, seed)) && wrong.stream().noneMatch(n -> isRight(n, seed));
    return LongStream.range(1, 10_000).filter(fits).findFirst().orElseThrow();
  }

  private static boolean isRight(int length, long seed) {
    var answers = List.of(new long[] {1}, new long[] {2});
    var grid = new NeedleGrid(List.of(length), List.of(50), 2, seed);
    return new Haystacks(grid, (_, _, random) -> new NeedleItem(new long[0], answers, random.nextInt(2)), Haystacks.How.LIKELIEST)
        .items().stream().allMatch(item -> item.gold() == 0);
  }

  private Path recipe(long seed) throws IOException {
    return Files.writeString(temp.resolve("extend.yaml"), """
        type: extend
        name: longer
        from: "%s"
        seed: %s
        device: cpu
        dtype: f32
        data: {source: {type: plain-text, path: "%s", split: blank_line}, seq_len: 32, document_mask: false, held_out: 0.1}
        ladder:
          - {length: 64, rope_theta: 50000}
          - {length: 128, scaling: {type: yarn, factor: 4}}
        train: {batch_tokens: 256, accumulate: 2, learning_rate: 1e-3}
        gate: {chunk: 512, budget: 1024, tolerance: 9}
        needle: {depths: [50], how: likeliest, needle: " the {answer}.", question: " the", answers: [a, zebra]}
        save: {every: 1}
        """.formatted(core.toString().replace("\\", "/"), Long.toString(seed), shared.resolve("text.txt").toString().replace("\\", "/")));
  }

  private static final long ALL = seed(List.of(SHORT, 64, 128), List.of());
  private static final long FIRST_ONLY = seed(List.of(SHORT, 64), List.of(128));

  @Test void itClimbsAndLeavesALongerModel() throws IOException {
    Path run = temp.resolve("run");
    var result = TinyRun.run(recipe(ALL), run);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("64 tokens of context after 512 tokens of training: passed", "needles 4 of 4",
        "128 tokens of context after 512 tokens of training: passed", "needles 6 of 6", "the model has a context of 128 tokens");
    var shape = Pretrained.config(run.resolve("model"));
    assertThat(shape.maxPositions()).isEqualTo(128);
    assertThat(String.valueOf(shape.attention().rope())).as("of the last length alone").contains("base=10000.0", "Yarn[factor=4.0, trained=32");
    assertThat(JsonFile.open(run.resolve("model/tokenizer_config.json")).requiredInt("model_max_length")).isEqualTo(128);
    assertThat(Files.readString(run.resolve("report.html"))).contains("needles up to 128 tokens", "128 tokens of context after 512 tokens");
    assertThat(MetricsFile.read(run.resolve("metrics.jsonl")).evals()).hasSize(3).last()
        .satisfies(eval -> assertThat(eval.figures()).containsEntry("needles_found", 1.0));
    assertThat(TinyRun.run(recipe(ALL), run).out()).contains("holds a finished run");
  }

  @Test void whatIsNotLearntIsRolledBack() throws IOException {
    Path run = temp.resolve("run");
    var result = TinyRun.run(recipe(FIRST_ONLY), run);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("128 tokens of context after 1,024 tokens of training: not yet",
        "a context of 128 tokens is not learnt within the budget of 1,024 tokens", "the model is what it was with a context of 64 tokens");
    assertThat(Pretrained.config(run.resolve("model")).maxPositions()).isEqualTo(64);
    assertThat(Fingerprint.of(run.resolve("model"))).isEqualTo(modelOf(run.resolve("passed/step-00000002"), run));
    assertThat(run.resolve("rolled-back/step-00000006")).isDirectory();
    assertThat(run.resolve("checkpoints/step-00000002")).isDirectory();
    assertThat(TinyRun.run(recipe(FIRST_ONLY), run).out()).contains("holds a finished run");
    var longer = TinyRun.run(recipe(FIRST_ONLY), run, "gate.budget=1536");
    assertThat(longer.out()).as(longer.err()).contains("128 tokens of context after 1,536 tokens of training: not yet");
  }

  /// Weights of a checkpoint, as the fingerprint of a model that has them.
  private static String modelOf(Path checkpoint, Path run) throws IOException {
    assertThat(Files.mismatch(checkpoint.resolve("model.safetensors"), run.resolve("model/model.safetensors"))).isEqualTo(-1);
    return Fingerprint.of(run.resolve("model"));
  }

  @Test void itStopsWithTheReasonAndGoesOnWithAGreaterBudget() throws IOException {
    Path run = temp.resolve("run");
    var result = TinyRun.run(recipe(FIRST_ONLY), run, "gate.failed=stop");
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("a context of 128 tokens is not learnt", "needles ", "a greater gate.budget goes on");
    assertThat(run.resolve("model")).doesNotExist();
    assertThat(run.resolve("report.html")).exists();
    assertThat(TinyRun.run(recipe(FIRST_ONLY), run, "gate.failed=stop").code()).as("the same again").isEqualTo(1);
    var longer = TinyRun.run(recipe(FIRST_ONLY), run, "gate.failed=stop", "gate.budget=1536");
    assertThat(longer.out()).contains("resuming from step 6", "after 1,536 tokens of training: not yet").doesNotContain("64 tokens of context after");
  }

  @Test void killedAtAnyMomentItEndsInTheSameBits() throws IOException, InterruptedException {
    var whole = new RunFolder(temp.resolve("whole"));
    Path recipe = recipe(FIRST_ONLY);
    assertThat(TinyRun.run(recipe, whole.path()).code()).isZero();
    var run = new RunFolder(temp.resolve("killed"));
    var random = new Random(5);
    List<BooleanSupplier> moments = List.of(() -> JtorchProcess.steps(run) >= 1 + random.nextInt(2), () -> decisions(run) >= 1,
        () -> JtorchProcess.hasTemporary(run.path().resolve("checkpoints")) && JtorchProcess.steps(run) >= 4,
        () -> Files.exists(run.path().resolve("rolled-back")));
    for (BooleanSupplier moment : moments) {
      var process = JtorchProcess.run(recipe, run);
      if (!process.endsBefore(moment)) {
        process.kill();
      }
    }
    var last = JtorchProcess.run(recipe, run);
    assertThat(last.code()).as(last.output()).isZero();
    assertThat(Fingerprint.of(run.model())).isEqualTo(Fingerprint.of(whole.model()));
    assertThat(Files.mismatch(run.path().resolve("extension.json"), whole.path().resolve("extension.json"))).isEqualTo(-1);
    assertThat(Files.mismatch(run.checkpoints().resolve("step-00000002/optimizer.safetensors"),
        whole.checkpoints().resolve("step-00000002/optimizer.safetensors"))).isEqualTo(-1);
  }

  private static int decisions(RunFolder run) {
    Path file = run.path().resolve("extension.json");
    return Files.exists(file) ? JsonFile.open(file).objects("decisions").size() : 0;
  }

  @Test void whatCannotBeIsSaidBeforeAnythingStarts() throws IOException {
    assertThat(refused("ladder=[{length: 128}, {length: 64}]")).contains("ladder  must rise, but 64 follows 128");
    assertThat(refused("ladder=[{length: 32}]")).contains("begins with 32, but the model has 32 already", "e.g. 64");
    assertThat(refused("train.batch_tokens=200")).contains("(200) must be a whole number of rows of 64 tokens in each of 2 micro-batches; e.g. 256");
    assertThat(refused("gate.chunk=300", "gate.budget=300")).contains("(300 tokens) must be a multiple of train.batch_tokens (256); e.g. 512");
    assertThat(refused("gate.budget=700")).contains("gate.budget  must be a multiple of `chunk` (512 tokens) but was 700; e.g. 512");
    assertThat(refused("needle.lengths=[64, 256]")).contains("holds 256, but the ladder ends at 128");
    assertThat(refused("needle.haystack=nowhere.txt")).contains("file not found: nowhere.txt");
    assertThat(refused("data.seq_len=48")).contains("data.seq_len", "48 is longer than the model allows (max_positions: 32)");
    assertThat(refused("from=nowhere")).contains("from", "no folder \"nowhere\" is there");
    assertThat(refused("train.schedule={type: wsd, decay: 100}")).contains("train.schedule", "exceed the 8 steps of the run");
    assertThat(temp.resolve("run")).doesNotExist();
  }

  private String refused(String... overrides) throws IOException {
    var result = TinyRun.run(recipe(ALL), temp.resolve("run"), overrides);
    assertThat(result.code()).as(result.out()).isEqualTo(2);
    return result.err();
  }

  @Test void aLengthThatTheTextCannotFillIsSaidBeforeItTrains() throws IOException {
    var short1 = TinyRun.run(recipe(ALL), temp.resolve("run"), "data.document_mask=true", "ladder=[{length: 512}, {length: 1024}]",
        "train.batch_tokens=2048", "gate.chunk=2048", "gate.budget=2048");
    assertThat(short1.code()).isEqualTo(3);
    assertThat(short1.err()).contains("`ladder[1].length` 1024 cannot be filled: no document has more than ", "rows keep documents apart");
    assertThat(temp.resolve("run/checkpoints")).doesNotExist();
    var little = TinyRun.run(recipe(ALL), temp.resolve("run2"), "train.batch_tokens=262144", "gate.chunk=262144", "gate.budget=262144");
    assertThat(little.err()).contains("`ladder[0].length` 64 cannot be filled: the text has ", "a step takes 262144; give more text");
    var blank = TinyRun.run(recipe(ALL), temp.resolve("run3"), "needle.lengths=[8, 128]");
    assertThat(blank.code()).isEqualTo(2);
    assertThat(blank.err()).contains("holds 8 tokens, but needle, question and answer alone have up to");
    assertThat(temp.resolve("run3")).doesNotExist();
  }

  @Test void thePlanHasALineForEveryLength() throws IOException {
    var result = TinyRun.jtorch("plan", recipe(ALL).toString());
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("length      64 tokens, 4 steps of training at most, judged every 2", "length      128 tokens",
        "needles     6 haystacks of up to 128 tokens", "in all      at most 2.0k tokens in about ");
  }
}
