package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.text.PreTokenizer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// `jtorch chat --chat-format` on a model of zeros, which says token 0 for ever: the end of a turn.
class ChatFormatOptionTest {
  @TempDir Path model = Path.of("");

  @BeforeEach void make() {
    var bpe = BpeTrainer.train(List.of("Once upon a time there was a cat."), new BpeTrainer.Options(300, 2,
        List.of("<|im_end|>", "<|im_start|>", "<|endoftext|>"), PreTokenizer.LLAMA3));
    bpe.save(model, 96);
    var shape = Llama.shape(bpe.tokens().size(), 16, 32, 1, 2, 1, 8, 96, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
    try (var decoder = new Decoder(shape)) {
      decoder.allocate((_, s) -> Ops.zeros(DType.F32, Device.CPU, s));
      Pretrained.save(decoder, model, DType.F32, null);
    }
    var json = JsonNodeFactory.instance.objectNode();
    JsonFile.write(model.resolve("generation_config.json"), json.put("eos_token_id", 2));
    var end = JsonNodeFactory.instance.objectNode().put("eos_token", "<|endoftext|>");
    JsonFile.write(model.resolve("tokenizer_config.json"), end);
    JsonFile.write(model.resolve("special_tokens_map.json"), end);
  }

  private record Result(int code, String out, String err) {}

  private Result chat(String... more) {
    var out = new StringWriter();
    var err = new StringWriter();
    var line = new CommandLine(new ChatCommand(new ByteArrayInputStream("hi\n".getBytes(StandardCharsets.UTF_8))))
        .setExecutionExceptionHandler((e, at, _) -> Failures.report(e, at.getErr(), false))
        .setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    var args = new java.util.ArrayList<>(List.of(model.toString(), "--device", "cpu", "--greedy", "--max-new-tokens", "5"));
    args.addAll(List.of(more));
    return new Result(line.execute(args.toArray(String[]::new)), out.toString().strip(), err.toString());
  }

  @Test void theEndOfATurnStopsTheAnswer() {
    assertThat(chat()).matches(r -> r.code() == 0 && r.err().contains("cut off after 5 tokens") && r.err().contains("no chat template"));
    assertThat(chat("--chat-format", "ChatML")).isEqualTo(new Result(0, "", ""));
  }

  @Test void aFormatThatDoesNotFitIsNamed() {
    assertThat(chat("--chat-format", "llama3")).matches(r -> r.code() == 2 && r.err().contains("<|begin_of_text|>"));
    assertThat(chat("--chat-format", "chatmal")).matches(r -> r.code() == 2 && r.err().contains("did you mean chatml?"));
  }
}
