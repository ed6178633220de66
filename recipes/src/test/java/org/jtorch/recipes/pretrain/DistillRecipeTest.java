package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Losses with a teacher, from the command line: beside the student, and captured.
class DistillRecipeTest {
  @TempDir static Path shared = Path.of("");
  @TempDir Path temp = Path.of("");
  private static Path recipe = Path.of("");
  private static Path teacher = Path.of("");

  @BeforeAll static void trainATeacher() throws IOException {
    recipe = TinyRun.recipe(shared, 6);
    var result = TinyRun.run(recipe, shared.resolve("teacher"), "model.hidden=96");
    assertThat(result.code()).as(result.err()).isZero();
    teacher = shared.resolve("teacher/model");
  }

  private static String quoted(Path path) {
    return "\"" + path.toString().replace("\\", "/") + "\"";
  }

  /// The student's recipe: the teacher's tokenizer, and its tokens in a folder for all.
  private static String[] student(String... more) {
    var all = new ArrayList<>(List.of("tokenizer={type: file, path: " + quoted(teacher) + ", eos: \"<|endoftext|>\"}",
        "data.cache=" + quoted(shared.resolve("cache")), "seed=8"));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private RunFolder trained(String name, String... more) {
    var run = new RunFolder(temp.resolve(name));
    var result = TinyRun.run(recipe, run.path(), student(more));
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(TensorScope.stats().live()).isZero();
    return run;
  }

  private TinyRun.Result capture(Path folder, String... more) {
    var args = new ArrayList<>(List.of("distill", "capture", recipe.toString()));
    args.addAll(List.of(student()));
    args.addAll(List.of("--out", folder.toString()));
    if (!List.of(more).contains("--teacher")) {
      args.addAll(List.of("--teacher", teacher.toString()));
    }
    args.addAll(List.of(more));
    return TinyRun.jtorch(args.toArray(String[]::new));
  }

  @ParameterizedTest @ValueSource(strings = {"{type: distill, teacher: %s}", "{type: distill, teacher: %s, kind: forward, temperature: 2, hard_weight: 0.2}",
      "{type: distill, teacher: %s, kind: {type: jensen_shannon, beta: 0.1}}", "{type: distill, teacher: %s, kind: reverse}",
      "{type: top_one, teacher: %s}"})
  void aTeacherBesideTheStudent(String loss) {
    var plain = MetricsFile.read(trained("plain", "train.steps=2").metrics());
    var run = trained("student", "train.steps=2", "train.loss=" + loss.formatted(quoted(teacher)));
    var metrics = MetricsFile.read(run.metrics());
    assertThat(metrics.evals().getFirst().loss()).as("validation is the text's own").isEqualTo(plain.evals().getFirst().loss());
    assertThat(metrics.steps()).hasSize(2).allMatch(s -> s.loss() > 0);
    assertThat(metrics.steps().getFirst().loss()).isNotEqualTo(plain.steps().getFirst().loss());
    assertThat(metrics.evals().getLast().loss()).isNotEqualTo(plain.evals().getLast().loss());
    assertThat(run.model().resolve("model.safetensors")).exists();
  }

  @Test void aStudentThatGoesOnComesToTheSameBits() throws IOException {
    String loss = "train.loss={type: distill, teacher: " + quoted(teacher) + "}";
    var whole = trained("whole", loss, "train.schedule={type: constant}", "train.steps=4");
    trained("parts", loss, "train.schedule={type: constant}", "train.steps=2");
    var parts = trained("parts", loss, "train.schedule={type: constant}", "train.steps=4");
    assertThat(Files.mismatch(parts.model().resolve("model.safetensors"), whole.model().resolve("model.safetensors"))).isEqualTo(-1);
  }

  @Test void aSmoothedTextIsALossToo() {
    var plain = MetricsFile.read(trained("plain", "train.steps=1").metrics()).steps().getFirst().loss();
    var smooth = MetricsFile.read(trained("smooth", "train.steps=1", "train.loss={label_smoothing: 0.3, z_loss: 1e-3}").metrics());
    assertThat(smooth.steps().getFirst().loss()).isNotEqualTo(plain).isEqualTo(plain, within(1.0));
  }

  @Test void anotherTokenizerIsRefusedBeforeAnythingStarts() throws IOException {
    var other = TinyRun.run(recipe, shared.resolve("other"), "tokenizer.vocab_size=310");
    assertThat(other.code()).as(other.err()).isZero();
    String loss = "train.loss={type: distill, teacher: " + quoted(shared.resolve("other/model")) + "}";
    var result = TinyRun.run(recipe, temp.resolve("run"), student(loss));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("train.loss.teacher", "another tokenizer than the text", "310", "must be the same");
    assertThat(temp.resolve("run")).doesNotExist();
    var trains = TinyRun.run(recipe, temp.resolve("run"), loss);
    assertThat(trains.code()).isEqualTo(2);
    assertThat(trains.err()).contains("it has 310 tokens, and the text's has 300", "tokenizer: {type: file");
    var capture = capture(temp.resolve("captured"), "--teacher", shared.resolve("other/model").toString());
    assertThat(capture.code()).isEqualTo(3);
    assertThat(capture.err()).contains("another tokenizer");
    assertThat(temp.resolve("captured")).doesNotExist();
  }

  @Test void aTeacherThatIsNotThereOrTooShortIsRefused() {
    var gone = TinyRun.run(recipe, temp.resolve("run"), student("train.loss={type: top_one, teacher: nowhere}"));
    assertThat(gone.code()).isEqualTo(2);
    assertThat(gone.err()).contains("train.loss.teacher", "no folder \"nowhere\" is there");
    var much = TinyRun.run(recipe, temp.resolve("run"), student("data.seq_len=64", "train.loss={type: top_one, teacher: " + quoted(teacher) + "}"));
    assertThat(much.code()).isEqualTo(2);
    assertThat(much.err()).contains("allows 32 positions, but rows have 64 tokens");
    var alpha = TinyRun.run(recipe, temp.resolve("run"), student("train.loss={type: top_one, alpha: 2, teacher: " + quoted(teacher) + "}"));
    assertThat(alpha.code()).isEqualTo(2);
    assertThat(alpha.err()).contains("train.loss.alpha", "AFM's is 0.9");
    assertThat(temp.resolve("run")).doesNotExist();
  }

  @Test void aCapturedTeacher() {
    Path folder = temp.resolve("captured");
    var captured = capture(folder, "--top-k", "300", "--batch", "3");
    assertThat(captured.code()).as(captured.err()).isZero();
    assertThat(captured.out()).contains("the teacher's targets take ", "rows of 32 tokens, the 300 most probable of each",
        "train on it: train.loss='{type: captured, path: ");
    assertThat(TensorScope.stats().live()).isZero();
    var run = trained("student", "train.loss={type: captured, target: tail, path: " + quoted(folder) + "}");
    var metrics = MetricsFile.read(run.metrics());
    var live = MetricsFile.read(trained("live", "train.loss={type: distill, kind: forward, teacher: " + quoted(teacher) + "}").metrics());
    assertThat(metrics.steps()).hasSize(6);
    assertThat(metrics.evals().getLast().loss()).as("all 300 tokens, in float16")
        .isEqualTo(live.evals().getLast().loss(), within(0.01));
    var again = capture(folder, "--top-k", "300", "--batch", "3");
    assertThat(again.code()).as(again.err()).isZero();

    var sampled = TinyRun.run(recipe, temp.resolve("run"), student("train.loss={type: captured, target: sampled, path: " + quoted(folder) + "}"));
    assertThat(sampled.code()).isEqualTo(2);
    assertThat(sampled.err()).contains("train.loss.target", "keeps the most probable tokens; use renorm or tail");
    var others = TinyRun.run(recipe, temp.resolve("run"), student("data.seq_len=16", "train.loss={type: captured, path: " + quoted(folder) + "}"));
    assertThat(others.code()).isEqualTo(3);
    assertThat(others.err()).contains("rows of 32 tokens, which are not").contains("capture it again");
    var other = capture(folder, "--top-k", "200", "--batch", "3");
    assertThat(other.code()).isEqualTo(3);
    assertThat(other.err()).contains("other settings were captured there");
  }

  @Test void draws() {
    Path folder = temp.resolve("captured");
    assertThat(capture(folder, "--draws", "30").out()).contains("30 draws of each");
    trained("student", "train.loss={type: captured, target: sampled, path: " + quoted(folder) + "}");
    var renorm = TinyRun.run(recipe, temp.resolve("run"), student("train.loss={type: captured, path: " + quoted(folder) + "}"));
    assertThat(renorm.code()).isEqualTo(2);
    assertThat(renorm.err()).contains("keeps draws; use sampled");
  }

  @Test void whatCannotBeCapturedIsRefused() {
    var missing = TinyRun.jtorch("distill", "capture", recipe.toString(), "--out", "x");
    assertThat(missing.code()).isEqualTo(2);
    assertThat(missing.err()).contains("--teacher");
    var own = TinyRun.jtorch("distill", "capture", recipe.toString(), "--teacher", teacher.toString(), "--out", temp.resolve("x").toString());
    assertThat(own.code()).isEqualTo(2);
    assertThat(own.err()).contains("jtorch data prepare", "data.cache");
    var none = capture(temp.resolve("x"), "--teacher", "nowhere");
    assertThat(none.code()).isEqualTo(2);
    assertThat(none.err()).contains("no folder \"nowhere\" is there");
    assertThat(TinyRun.jtorch("distill").code()).isEqualTo(2);
  }

}
