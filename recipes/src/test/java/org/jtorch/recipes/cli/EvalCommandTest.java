package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// `jtorch eval` on two tiny models with random weights.
class EvalCommandTest {
  @TempDir static Path models = Path.of("");
  @TempDir Path temp = Path.of("");
  private String task = "";
  private String text = "";

  private record Result(int code, String out, String err) {}

  @BeforeAll static void make() throws IOException {
    for (int i = 0; i < 2; i++) {
      Path folder = Files.createDirectory(models.resolve("m" + i));
      var bpe = BpeTrainer.train(List.of("Once upon a time there was a cat.", "The cat sat on the mat, and the dog sat too."), BpeTrainer.Options.of(300));
      bpe.save(folder, 64);
      var shape = Llama.shape(bpe.tokens().size(), 32, 64, 2, 2, 1, 16, 64, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
      try (var decoder = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(3 + i))) {
        Pretrained.save(decoder, folder, DType.F32, null);
      }
    }
  }

  @BeforeEach void write() throws IOException {
    Files.writeString(temp.resolve("rows.jsonl"), "{\"q\": \"The cat\", \"a\": [\"sat\", \"ran\"], \"n\": 0}\n".repeat(3)
        + "{\"q\": \"The dog\", \"a\": [\"sat on the mat\", \"ran\"], \"n\": 1}\n");
    task = Files.writeString(temp.resolve("animals.yaml"), "type: multiple-choice\ndata: {path: rows.jsonl}\nprompt: \"{{ q }}\"\n"
        + "choices: \"{{ a | tojson }}\"\ngold: \"{{ n }}\"\n").toString();
    text = Files.writeString(temp.resolve("story.txt"), "Once upon a time there was a cat. ".repeat(12)).toString();
  }

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static Result eval(String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    int code = new CommandLine(new EvalCommand()).setExecutionExceptionHandler((e, at, _) -> Failures.report(e, at.getErr(), false))
        .setParameterExceptionHandler(Failures::misused).setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(args);
    return new Result(code, out.toString().replace("\r\n", "\n"), err.toString().replace("\r\n", "\n"));
  }

  private JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(Files.readString(file));
  }

  @Test void aTableAndEveryItem() throws IOException {
    Path out = temp.resolve("results");
    var result = eval(models.resolve("m0").toString(), task, text, "--data", temp.toString(), "--out", out.toString(), "--device", "cpu");
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    assertThat(result.out().lines().toList()).satisfies(lines -> {
      assertThat(lines.get(0)).endsWith("m0 (cpu, f32)");
      assertThat(lines.get(1)).matches("task +figure +value +± error +items +prompts");
      assertThat(lines.get(2)).matches("animals +acc +[01]\\.\\d{4} +0\\.\\d{4} +4 +[0-9a-f]{16}");
      assertThat(lines.get(3)).matches(" +acc_norm +[01]\\.\\d{4} +0\\.\\d{4} +4");
      assertThat(lines.get(4)).matches("story +bits_per_byte +\\d+\\.\\d{4} +- +1 +[0-9a-f]{16}");
    });
    var results = json(out.resolve("results.json"));
    var tasks = results.at("/models/0/tasks");
    assertThat(tasks).hasSize(2);
    assertThat(tasks.at("/1/metrics/bits_per_byte/standard_error").isNull()).isTrue();
    var items = Files.readAllLines(out.resolve("animals.jsonl"));
    assertThat(items).hasSize(4);
    double right = 0;
    for (String line : items) {
      var item = new ObjectMapper().readTree(line);
      right += item.get("chosen").equals(item.get("gold")) ? 1 : 0;
    }
    assertThat(tasks.at("/0/metrics/acc/value").asDouble()).isCloseTo(right / 4, within(1e-12));
    assertThat(out.resolve("story.jsonl")).exists();
  }

  @Test void twoModels() throws IOException {
    Path out = temp.resolve("results");
    var result = eval(models.resolve("m0").toString(), task, text, "--data", temp.toString(), "--out", out.toString(), "--device", "cpu",
        "--compare", models.resolve("m1").toString(), "--batch", "2", "--limit", "2", "--no-bos", "--dtype", "f32");
    assertThat(result.code()).isZero();
    assertThat(result.out()).containsPattern("task +figure +first +second +difference +p +test +items")
        .containsPattern("animals +acc +.* McNemar exact +2").containsPattern("story +bits_per_byte .* - +paired t +1");
    assertThat(json(out.resolve("results.json")).at("/comparison/0/figures/acc/test").asText()).isEqualTo("McNemar exact");
    assertThat(Files.readAllLines(out.resolve("animals-second.jsonl"))).hasSize(2);
    var same = eval(models.resolve("m0").toString(), task, "--data", temp.toString(), "--out", out.toString(), "--device", "cpu",
        "--compare", models.resolve("m0").toString());
    assertThat(same.out()).containsPattern("acc +\\d\\.\\d{4} +\\d\\.\\d{4} +\\+0\\.0000 +1\\.0000 +McNemar exact");
  }

  @Test void aNeedleHasItsPicture() throws IOException {
    Path own = Files.writeString(temp.resolve("tiny-needle.yaml"), "type: needle\npath: story.txt\nlengths: [56, 64]\ndepths: [0, 100]\n"
        + "needle: \" It is {answer}.\"\nquestion: \" It is\"\nanswers: [cat, dog]\nhow: likeliest\n");
    Path out = temp.resolve("results");
    var result = eval(models.resolve("m0").toString(), own.toString(), "--data", temp.toString(), "--out", out.toString(), "--device", "cpu");
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    assertThat(Files.readString(out.resolve("tiny-needle.svg"))).contains("<svg", "% found");
    assertThat(json(out.resolve("results.json")).at("/models/0/tasks/0/cells")).hasSize(4);
    assertThat(Files.readAllLines(out.resolve("tiny-needle.jsonl"))).hasSize(8);
  }

  @Test void whatIsWrongIsSaidBeforeAnythingIsLoaded() {
    String model = models.resolve("m0").toString();
    assertThat(eval(model).code()).isEqualTo(2);
    assertThat(eval(model).err()).contains("no task is given", "hellaswag");
    assertThat(eval(model, "helaswag").err()).contains("did you mean \"hellaswag\"?");
    assertThat(eval(model, "helaswag").code()).isEqualTo(2);
    assertThat(eval(model, "hellaswag", "--data", temp.toString()).code()).isEqualTo(3);
    assertThat(eval(temp.resolve("none").toString(), task, "--compare", temp.resolve("neither").toString()))
        .matches(r -> r.code() == 3 && r.err().contains("none") && r.err().contains("neither"));
    assertThat(eval(model, task, "--limit", "0").code()).isEqualTo(2);
    assertThat(eval(model, task, "--batch", "-1").err()).contains("--batch must be >= 1");
    assertThat(eval(model, task, "--dtype", "i64").code()).isEqualTo(2);
  }
}
