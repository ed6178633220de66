package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.io.SafeTensors;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class ConvertCommandTest {
  @TempDir static Path model = Path.of("");
  @TempDir Path temp = Path.of("");

  private record Result(int code, String out, String err) {}

  @BeforeAll static void make() {
    var bpe = BpeTrainer.train(List.of("Once upon a time there was a cat."), BpeTrainer.Options.of(300));
    bpe.save(model, 64);
    var shape = Llama.shape(bpe.tokens().size(), 32, 64, 2, 2, 1, 16, 64, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
    try (var decoder = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(3))) {
      Pretrained.save(decoder, model, DType.F32, null);
    }
  }

  private static Result run(String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var line = new CommandLine(new ConvertCommand()).setExecutionExceptionHandler((e, at, _) -> Failures.report(e, at.getErr(), false))
        .setParameterExceptionHandler(Failures::misused).setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return new Result(line.execute(args), out.toString(), err.toString());
  }

  @ParameterizedTest @CsvSource({"f32, 0", "f16, 1", "q8_0, 7"})
  void writesGguf(String type, int fileType) throws IOException {
    Path file = temp.resolve("model.gguf");
    var result = run(model.toString(), file.toString(), "--type", type);
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("wrote " + file, type);
    byte[] bytes = Files.readAllBytes(file);
    assertThat(new String(bytes, 0, 4, java.nio.charset.StandardCharsets.US_ASCII)).isEqualTo("GGUF");
    var text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
    int at = text.indexOf("general.file_type") + "general.file_type".length() + 4;
    assertThat((int) bytes[at]).isEqualTo(fileType);
    assertThat(text).contains("tokenizer.ggml.merges", "llama-bpe");
  }

  @ParameterizedTest @CsvSource({"f16, 3", "bf16, 0", "f32, 0"})
  void whatATypeCannotHoldIsRefusedAndNoFolderIsLeft(String type, int code) throws IOException {
    Path big = Files.createDirectory(temp.resolve("big"));
    try (var decoder = Pretrained.load(model, Device.CPU, null); var _ = TensorScope.open()) {
      Objects.requireNonNull(decoder.weights().get("model.layers.1.mlp.up_proj.weight")).view().select(0, 5).fillInPlace(-70_000);
      Pretrained.save(decoder, big, DType.F32, model);
    }
    Path out = temp.resolve("out");
    var result = run(big.toString(), out.toString(), "--to", "safetensors", "--type", type);
    assertThat(result.code()).as(result.err()).isEqualTo(code);
    assertThat(Files.exists(out)).isEqualTo(code == 0);
    if (code != 0) {
      assertThat(result.err()).contains("model.layers.1.mlp.up_proj.weight", "-70000", "65504", "f32");
    }
    try (var left = Files.list(temp)) {
      assertThat(left).hasSize(code == 0 ? 2 : 1);
    }
  }

  @Test void aTokenizerOfAnotherFormatIsConverted() throws IOException {
    Path folder = Files.createDirectory(temp.resolve("tiktoken"));
    for (String name : List.of("config.json", "model.safetensors")) {
      Files.copy(model.resolve(name), folder.resolve(name));
    }
    var lines = new ArrayList<String>();
    for (int b = 0; b < 256; b++) {
      lines.add(Base64.getEncoder().encodeToString(new byte[] {(byte) b}) + " " + b);
    }
    Files.write(folder.resolve("tokenizer.model"), lines);
    var result = run(folder.toString(), temp.resolve("out.gguf").toString());
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(Files.readString(temp.resolve("out.gguf"), java.nio.charset.StandardCharsets.ISO_8859_1)).contains("tokenizer.ggml.tokens");
    assertThat(folder.resolve("tokenizer.json")).doesNotExist();
  }

  @Test void writesSafetensorsInAnotherTypeAndInParts() {
    Path out = temp.resolve("small");
    var result = run(model.toString(), out.toString(), "--to", "safetensors", "--type", "bf16", "--shard-size", "20kB");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(out.resolve("model.safetensors.index.json")).exists();
    assertThat(out.resolve("tokenizer.json")).hasSameBinaryContentAs(model.resolve("tokenizer.json"));
    try (var file = SafeTensors.open(out); var from = SafeTensors.open(model)) {
      assertThat(file.entries().keySet()).containsExactlyInAnyOrderElementsOf(from.entries().keySet());
      assertThat(file.entries().values()).allMatch(e -> e.dtype().equals("BF16"));
    }
  }

  @ParameterizedTest @CsvSource(delimiter = '|', value = {
      "--to onnx | --to must be gguf or safetensors",
      "--type q4_0 | unknown GGUF type \"q4_0\"; supported: f32, f16, q8_0",
      "--to safetensors --type q8_0 | --type for safetensors must be f32, f16 or bf16",
      "--shard-size 1GB | --shard-size is for --to safetensors",
      "--to safetensors --shard-size many | --shard-size must be a size such as 500MB"})
  void wrongUseIsCode2(String options, String message) {
    var args = new ArrayList<>(List.of(model.toString(), temp.resolve("out").toString()));
    args.addAll(List.of(options.split(" ")));
    var result = run(args.toArray(String[]::new));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains(message);
    assertThat(temp.resolve("out")).doesNotExist();
  }

  @Test void whatExistsIsKept() throws IOException {
    Path file = Files.writeString(temp.resolve("model.gguf"), "mine");
    var result = run(model.toString(), file.toString());
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("exists already");
    assertThat(file).hasContent("mine");
  }

  @Test void aMissingOrBrokenModelIsCode3() throws IOException {
    assertThat(run(temp.resolve("nowhere").toString(), temp.resolve("x").toString()))
        .returns(3, Result::code).satisfies(r -> assertThat(r.err()).contains("model folder not found"));
    Path empty = Files.createDirectory(temp.resolve("empty"));
    assertThat(run(empty.toString(), temp.resolve("x").toString()))
        .returns(3, Result::code).satisfies(r -> assertThat(r.err()).contains("no tokenizer.json"));
  }

  @Test void sizesArePowersOf1024() {
    assertThat(ConvertCommand.bytes("2GB")).isEqualTo(2L << 30);
    assertThat(ConvertCommand.bytes("500 mb")).isEqualTo(500L << 20);
    assertThat(ConvertCommand.bytes("123")).isEqualTo(123);
    assertThat(ConvertCommand.bytes("5368709120")).isEqualTo(5L << 30);
    assertThat(ConvertCommand.bytes("999999999TB")).isEqualTo(Long.MAX_VALUE);
  }
}
