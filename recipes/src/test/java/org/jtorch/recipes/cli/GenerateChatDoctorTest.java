package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.io.JsonFile;
import org.jtorch.recipes.generate.LocalModel;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// The commands that load libtorch, on a tiny model with random weights.
class GenerateChatDoctorTest {
  private static final int CONTEXT = 96;
  private static final String CHAT = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
      + "{% if add_generation_prompt %}<|assistant|>{% endif %}";

  @TempDir static Path made = Path.of("");
  @TempDir Path temp = Path.of("");
  private Path model = Path.of("");

  @BeforeAll static void make() {
    var bpe = BpeTrainer.train(List.of("Once upon a time there was a cat.", "The cat sat on the mat, and the dog sat too.",
        "Once there was a dog; the dog ran."), BpeTrainer.Options.of(300));
    bpe.save(made, CONTEXT);
    var shape = Llama.shape(bpe.tokens().size(), 32, 64, 2, 2, 1, 16, CONTEXT, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
    try (var decoder = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(3))) {
      Pretrained.save(decoder, made, DType.F32, null);
    }
  }

  /// Each test changes a copy.
  @BeforeEach void copy() throws IOException {
    model = Files.createDirectory(temp.resolve("model"));
    try (var files = Files.list(made)) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(Objects.requireNonNull(file.getFileName())));
      }
    }
  }

  private record Result(int code, String out, String err) {}

  private static Result run(Object command, String... args) {
    return run(new CommandLine(command).setExecutionExceptionHandler((e, at, _) -> Failures.report(e, at.getErr(), false))
        .setParameterExceptionHandler(Failures::misused), args);
  }

  private static Result run(CommandLine line, String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return new Result(line.execute(args), out.toString().replace("\r\n", "\n"), err.toString().replace("\r\n", "\n"));
  }

  private static Result generate(String in, Path folder, String... more) {
    return run(new GenerateCommand(stream(in)), args(folder, more));
  }

  private static Result chat(String in, Path folder, String... more) {
    return run(new ChatCommand(stream(in)), args(folder, more));
  }

  private static ByteArrayInputStream stream(String in) {
    return new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8));
  }

  private static String[] args(Path folder, String... more) {
    var all = new ArrayList<>(List.of(folder.toString(), "--device", "cpu"));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private void eos(long... ids) {
    var json = JsonNodeFactory.instance.objectNode();
    var array = json.putArray("eos_token_id");
    for (long id : ids) {
      array.add(id);
    }
    JsonFile.write(model.resolve("generation_config.json"), json);
  }

  private String decoded(String prompt, int newTokens) {
    try (var tokenizer = Tokenizer.load(model); var decoder = Pretrained.load(model, Device.CPU, null)) {
      var ids = new Generator(decoder).generate(List.of(tokenizer.encode(prompt, true)), Options.greedy(newTokens)).getFirst();
      return tokenizer.decode(ids, true);
    }
  }

  @Test void wrongUseHasItsExitCodes() {
    var absent = temp.resolve("absent");
    assertThat(generate("", absent, "Once")).matches(r -> r.code() == 3 && r.err().contains("model folder not found: " + absent));
    assertThat(chat("", absent)).matches(r -> r.code() == 3 && r.err().contains(absent.toString()));
    assertThat(generate("", temp, "Once")).matches(r -> r.code() == 3 && r.err().contains("config.json"));
    assertThat(generate("", model)).matches(r -> r.code() == 2 && r.err().contains("PROMPT"));
    assertThat(generate("", model, "")).matches(r -> r.code() == 2 && r.err().contains("the prompt is empty"));
    assertThat(generate("\n", model, "Once", "-")).matches(r -> r.code() == 2 && r.err().contains("prompt 2 is empty"));
    assertThat(generate("x", model, "-", "-")).matches(r -> r.code() == 2 && r.err().contains("only one prompt"));
    assertThat(generate("", model, "Once", "--top-p", "2")).matches(r -> r.code() == 2 && r.err().contains("top_p"));
    assertThat(generate("", model, "Once", "--greedy", "--temperature", "1")).matches(r -> r.code() == 2);
    assertThat(generate("", model, "Once", "--dtype", "i64")).matches(r -> r.code() == 2 && r.err().contains("bf16 or f32"));
    assertThat(generate("", model, "Once", "--max-new-tokens", "0")).matches(r -> r.code() == 2);
    assertThat(generate("", model, "Once", "--max-new-tokens", "500"))
        .matches(r -> r.code() == 2 && r.err().contains("the model allows " + CONTEXT));
    assertThat(chat("hi", model, "--max-new-tokens", "96")).matches(r -> r.code() == 2 && r.err().contains("no room for messages"));
    for (String command : List.of("generate", "chat")) {
      var line = Main.commandLine(() -> {
        throw new AssertionError("no recipe is needed");
      }, command);
      assertThat(run(line, command, absent.toString(), command.equals("chat") ? "--greedy" : "Once").code()).isEqualTo(3);
    }
  }

  @Test void greedyTextIsThatOfTheGenerator() {
    var result = generate("", model, "Once upon", "--greedy", "--max-new-tokens", "20");
    assertThat(result.code()).isZero();
    assertThat(result.out()).isEqualTo(decoded("Once upon", 20) + "\n");
    assertThat(result.err()).matches("20 tokens in \\d+\\.\\d\\d s: \\d+\\.\\d tokens/s \\(cpu, f32\\)\n");
  }

  @Test void aSeedGivesTheSameTextAndStdinIsAPrompt() {
    var first = generate("", model, "The cat", "--seed", "5", "--max-new-tokens", "24").out();
    assertThat(generate("The cat\n", model, "-", "--seed", "5", "--max-new-tokens", "24").out()).isEqualTo(first);
    assertThat(generate("", model, "The cat", "--seed", "6", "--max-new-tokens", "24").out()).isNotEqualTo(first);
  }

  @Test void piecesAreTheFinalText() {
    try (var open = LocalModel.open(model, "cpu", "auto")) {
      var pieces = new ArrayList<String>();
      var options = open.options(24, Sampling.temperature(1), 2);
      var answer = open.answer(open.tokenizer().encode("The dog", true), options, pieces::add);
      assertThat(pieces).hasSizeGreaterThan(3).doesNotContain("");
      assertThat(String.join("", pieces)).isEqualTo(answer.text());
      assertThat(open.answers(List.of(open.tokenizer().encode("The dog", true)), options)).containsExactly(answer);
    }
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void promptsOfDifferentLengthsAreOneBatch() {
    var out = generate("", model, "Once", "The cat sat on the", "--greedy", "--max-new-tokens", "8").out();
    assertThat(out).isEqualTo("[1] Once" + decoded("Once", 8)
        + "\n\n[2] The cat sat on the" + decoded("The cat sat on the", 8) + "\n");
  }

  @Test void aStopTokenEndsTheText() {
    try (var tokenizer = Tokenizer.load(model); var decoder = Pretrained.load(model, Device.CPU, null)) {
      var ids = new Generator(decoder).generate(List.of(tokenizer.encode("Once", true)), Options.greedy(12)).getFirst();
      long stop = ids[4];
      int first = Arrays.stream(ids).boxed().toList().indexOf(stop);
      eos(7, stop);
      var line = generate("", model, "Once", "--greedy", "--max-new-tokens", "12", "--json").out();
      assertThat(line).contains("\"finish_reason\":\"stop\"", "\"new_tokens\":" + (first + 1))
          .contains(JsonNodeFactory.instance.textNode(tokenizer.decode(Arrays.copyOf(ids, first), true)).toString());
      JsonFile.write(model.resolve("generation_config.json"), JsonNodeFactory.instance.objectNode().put("eos_token_id", stop));
      assertThat(generate("", model, "Once", "--greedy", "--max-new-tokens", "12", "--json").out()).isEqualTo(line);
    }
    JsonFile.write(model.resolve("generation_config.json"), JsonNodeFactory.instance.objectNode().put("eos_token_id", "two"));
    assertThat(generate("", model, "Once")).matches(r -> r.code() == 3 && r.err().contains("eos_token_id"));
  }

  @Test void chatKeepsTheConversationAndForgetsTheOldest() throws IOException {
    Files.writeString(model.resolve("chat_template.jinja"), CHAT);
    String[] args = {"--greedy", "--max-new-tokens", "6", "--system", "Be brief."};
    var one = chat("The cat\n", model, args);
    assertThat(one.code()).isZero();
    assertThat(one.out()).isEqualTo(decoded("<|system|>Be brief.<|user|>The cat<|assistant|>", 6) + "\n");
    assertThat(one.err()).contains("cut off after 6 tokens").doesNotContain("no chat template");
    String answer = one.out().substring(0, one.out().length() - 1);
    var two = chat("The cat\n\nsat\n/bye\nnever read\n", model, args);
    assertThat(two.out()).isEqualTo(one.out()
        + decoded("<|system|>Be brief.<|user|>The cat<|assistant|>" + answer + "<|user|>sat<|assistant|>", 6) + "\n");
    assertThat(chat("sat\n/new\nThe cat\n/nwe", model, args)).matches(r -> r.out().endsWith("\n" + one.out())
        && r.err().contains("new conversation") && r.err().contains("there is no /nwe"));
    assertThat(chat("The cat\nsat on\nthe mat\nand\nThe cat\n", model, args).err())
        .containsPattern("oldest (turn is|\\d turns are) forgotten");
    assertThat(chat("x".repeat(200) + "\nThe cat\n", model, args)).matches(r -> r.code() == 0 && r.out().equals(one.out())
        && r.err().contains("shorten it"));
  }

  @Test void chatWithoutATemplateSaysSoOnce() {
    var result = chat("The cat\nsat\n", model, "--greedy", "--max-new-tokens", "4");
    assertThat(result.code()).isZero();
    assertThat(result.err().split("no chat template", -1)).hasSize(2);
    assertThat(result.out()).startsWith(decoded("<|endoftext|>The cat\n", 4) + "\n");
  }

  @Test void doctorPrintsItsSections() {
    var text = run(new DoctorCommand());
    assertThat(text.code()).isZero();
    assertThat(text.out()).contains("Machine\n", "instruction sets", "Java\n", "libtorch\n", "BLAS", "OpenMP", "oneDNN", "threads",
        "allocator", "Speed\n",
        "cpu bf16", "dtype auto on cpu", "GPU\n", "libcudnn.so.9", "What to do\n").doesNotContain("unknown");
    var report = run(new DoctorCommand(), "--report").out();
    assertThat(report).startsWith("### jtorch doctor\n").contains("| Machine | |\n|---|---|\n",
        "**What to do**")
        .doesNotContain(System.getProperty("user.home") + "/", System.getProperty("user.dir"));
  }
}
