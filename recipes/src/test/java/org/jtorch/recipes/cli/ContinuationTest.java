package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Samples;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// A decoder of the Llama 2 kind drops the space that a text begins with; a text that goes on from a prompt keeps it.
class ContinuationTest {
  private static final List<String> PROMPTS = List.of("the cat", "a dog sat");
  @TempDir static Path model = Path.of("");

  @BeforeAll static void make() throws IOException {
    var vocab = new LinkedHashSet<>(List.of("<unk>", "<s>", "</s>", "▁"));
    var merges = new LinkedHashSet<String>();
    for (String word : List.of("the", "cat", "a", "dog", "sat", "on", "mat", "and", "ran", "off")) {
      for (int end = 1; end <= word.length(); end++) {
        String letter = word.substring(end - 1, end);
        vocab.addAll(List.of(letter, "▁" + word.substring(0, end)));
        merges.add("[\"▁" + word.substring(0, end - 1) + "\", \"" + letter + "\"]");
      }
    }
    var ids = new AtomicInteger();
    String numbered = vocab.stream().map(token -> "\"" + token + "\": " + ids.getAndIncrement()).collect(Collectors.joining(", "));
    Files.writeString(model.resolve("tokenizer.json"), """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "pre_tokenizer": null, "post_processor": null,
         "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
           {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
         "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
           {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
         "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": false, "vocab": {%s}, "merges": [%s]}}
        """.formatted(numbered, String.join(", ", merges)));
    var shape = Llama.shape(vocab.size(), 32, 64, 2, 2, 1, 16, 64, new Rope(10_000, RopeScaling.NONE), 1e-5, false);
    try (var decoder = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(11)); var _ = TensorScope.open()) {
      var tokens = List.copyOf(vocab);
      for (int i = 0; i < tokens.size(); i++) {
        if (!tokens.get(i).startsWith("▁")) {                      // what is likeliest begins a word
          decoder.head().tensor().select(0, i).fillInPlace(0);
        }
      }
      Pretrained.save(decoder, model, DType.F32, null);
    }
  }

  /// What the whole sequences say, decoded at once; the first new token begins a word.
  private static List<String> whole() {
    try (var tokenizer = Tokenizer.load(model); var decoder = Pretrained.load(model, Device.CPU, null)) {
      var prompts = tokenizer.encodeAll(PROMPTS, true);
      var texts = new ArrayList<String>();
      for (long[] ids : new Generator(decoder).generate(prompts, Options.greedy(8))) {
        long[] prompt = prompts.get(texts.size());
        texts.add(tokenizer.decode(LongStream.concat(Arrays.stream(prompt), Arrays.stream(ids)).toArray(), true));
        assertThat(tokenizer.token(ids[0])).startsWith("▁");
      }
      return texts;
    }
  }

  private static String generate(String in, String... more) {
    var out = new StringWriter();
    var line = new CommandLine(new GenerateCommand(new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8))));
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(new StringWriter()));
    var args = new ArrayList<>(List.of(model.toString(), "--device", "cpu", "--greedy", "--max-new-tokens", "8"));
    args.addAll(List.of(more));
    assertThat(line.execute(args.toArray(String[]::new))).isZero();
    return out.toString().replace("\r\n", "\n");
  }

  @Test void promptAndTextAreTheWholeText() throws IOException {
    var whole = whole();
    assertThat(generate("", PROMPTS.toArray(String[]::new))).isEqualTo("[1] " + whole.getFirst() + "\n\n[2] " + whole.getLast() + "\n");
    assertThat(PROMPTS.getFirst() + generate("", PROMPTS.getFirst())).isEqualTo(whole.getFirst() + "\n");
    var json = new ObjectMapper().readTree(generate("\uFEFF" + PROMPTS.getLast() + "\n", "-", "--json"));
    assertThat(json.path("prompt").asText() + json.path("text").asText()).isEqualTo(whole.getLast());
  }

  @Test void soAreTheSamplesOfARun() {
    var whole = whole();
    try (var tokenizer = Tokenizer.load(model); var decoder = Pretrained.load(model, Device.CPU, null)) {
      var samples = new Samples(new Eval(0, PROMPTS, 8, 0), tokenizer, tokenizer.requireId("</s>"), 1).of(decoder);
      assertThat(samples.getFirst()).isEqualTo('"' + PROMPTS.getFirst() + '"' + whole.getFirst().substring(PROMPTS.getFirst().length()));
      assertThat(samples.getLast()).isEqualTo('"' + PROMPTS.getLast() + '"' + whole.getLast().substring(PROMPTS.getLast().length()));
    }
  }
}
