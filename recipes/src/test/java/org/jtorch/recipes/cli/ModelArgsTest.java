package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// `--chat-template` and `--adapter` of `generate` and `chat`, on a tiny model with random weights.
class ModelArgsTest {
  private static final String TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content | upper }}{% endfor %}{% if add_generation_prompt %}!{% endif %}";
  @TempDir Path temp = Path.of("");
  private Path model = Path.of("");
  private Path adapter = Path.of("");
  private Path merged = Path.of("");

  @BeforeEach void make() throws IOException {
    model = Files.createDirectory(temp.resolve("model"));
    merged = Files.createDirectory(temp.resolve("merged"));
    adapter = temp.resolve("adapter");
    var bpe = BpeTrainer.train(List.of("Once upon a time there was a cat.", "The cat sat on the mat."), BpeTrainer.Options.of(290));
    bpe.save(model, 96);
    var shape = Llama.shape(bpe.tokens().size(), 32, 64, 2, 2, 1, 16, 96, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
    try (var decoder = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(3))) {
      Pretrained.save(decoder, model, DType.F32, null);
      try (var lora = Lora.apply(decoder, LoraConfig.of(4, 64, new Targets.AllLinear()), Rng.of(5))) {
        try (var _ = TensorScope.open(); var _ = Grad.off()) {
          lora.parameters().forEach(p -> p.tensor().copyInPlace(Ops.full(0.03, p.tensor().dtype(), Device.CPU, p.tensor().shape())));
          lora.save(adapter, null);
          var _ = lora.merge(decoder, Ops.of(new long[] {1, 2, 3}, Device.CPU, 1, 3));
        }
        Pretrained.save(decoder, merged, DType.F32, model);
      }
    }
  }

  private record Result(int code, String out, String err) {}

  private static Result run(Object command, Path folder, String... more) {
    var args = new ArrayList<>(List.of(folder.toString(), "--device", "cpu", "--greedy", "--max-new-tokens", "12"));
    args.addAll(List.of(more));
    var out = new StringWriter();
    var err = new StringWriter();
    int code = new CommandLine(command).setExecutionExceptionHandler((e, at, _) -> Failures.report(e, at.getErr(), false))
        .setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(args.toArray(String[]::new));
    return new Result(code, out.toString(), err.toString());
  }

  private static Result generate(Path folder, String... more) {
    return run(new GenerateCommand(new ByteArrayInputStream(new byte[0])), folder, more);
  }

  private static Result chat(Path folder, String... more) {
    return run(new ChatCommand(new ByteArrayInputStream("The cat\n".getBytes(StandardCharsets.UTF_8))), folder, more);
  }

  @Test void anAdapterWritesWhatTheMergedModelWrites() {
    var plain = generate(model, "Once upon");
    var adapted = generate(model, "Once upon", "--adapter", adapter.toString());
    assertThat(adapted.code()).isZero();
    assertThat(adapted.out()).isEqualTo(generate(merged, "Once upon").out()).isNotEqualTo(plain.out());
    assertThat(chat(model, "--adapter", adapter.toString()).out()).isEqualTo(chat(merged).out()).isNotEqualTo(chat(model).out());
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void aTemplateFileWritesTheConversation() throws IOException {
    String file = Files.writeString(temp.resolve("own.jinja"), TEMPLATE).toString();
    String answer = generate(model, "<|user|>THE CAT!").out();
    assertThat(generate(model, "The cat", "--chat-template", file).out()).isEqualTo(answer);
    assertThat(chat(model, "--chat-template", file)).matches(r -> r.code() == 0 && r.out().equals(answer) && !r.err().contains("no chat template"));
  }

  @Test void whatIsMissingOrBrokenIsNamed() throws IOException {
    String absent = temp.resolve("absent").toString();
    String broken = Files.writeString(temp.resolve("broken.jinja"), "a\n{% if %}").toString();
    for (var command : List.of(generate(model, "x", "--adapter", absent), chat(model, "--adapter", absent))) {
      assertThat(command).matches(r -> r.code() == 3 && r.err().contains("adapter folder not found: " + absent));
    }
    for (var command : List.of(generate(model, "x", "--chat-template", absent), chat(model, "--chat-template", absent))) {
      assertThat(command).matches(r -> r.code() == 3 && r.err().contains("chat template not found: " + absent));
    }
    assertThat(generate(model, "x", "--adapter", model.toString())).matches(r -> r.code() == 3 && r.err().contains("adapter_config.json"));
    assertThat(generate(model, "x", "--chat-template", broken)).matches(r -> r.code() == 3 && r.err().contains("broken.jinja, line 2: expected"));
    assertThat(chat(model, "--chat-template", broken, "--chat-format", "chatml")).matches(r -> r.code() == 2 && r.err().contains("contradict each other"));
  }
}
