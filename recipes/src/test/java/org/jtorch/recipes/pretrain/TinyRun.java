package org.jtorch.recipes.pretrain;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jtorch.recipes.cli.Main;

/// A recipe that trains in a second, its text, and the program that runs it.
public final class TinyRun {
  private static final String[] WORDS = ("the a cat dog house river runs sleeps under over small green quiet river stone sees "
      + "finds and but while every morning evening light water near far").split(" ");

  private TinyRun() {}

  /// What a command printed and answered.
  public record Result(int code, String out, String err) {}

  /// Runs the program in this JVM.
  public static Result jtorch(String... args) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var systemOut = System.out;
    var systemErr = System.err;
    try (var o = new PrintStream(out, true, StandardCharsets.UTF_8); var e = new PrintStream(err, true, StandardCharsets.UTF_8)) {
      System.setOut(o);
      System.setErr(e);
      int code = Main.run(args);
      return new Result(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(systemOut);
      System.setErr(systemErr);
    }
  }

  /// The program with a recipe, `--out` and overrides.
  public static Result run(Path recipe, Path out, String... overrides) {
    var args = new ArrayList<>(List.of("run", recipe.toString()));
    args.addAll(List.of(overrides));
    args.addAll(List.of("--out", out.toString()));
    return jtorch(args.toArray(String[]::new));
  }

  /// Paragraphs of invented sentences, the same every time.
  public static Path text(Path folder) throws IOException {
    var random = new Random(3);
    var text = new StringBuilder();
    for (int document = 0; document < 150; document++) {
      for (int sentence = 0; sentence <= random.nextInt(4); sentence++) {
        for (int word = 0; word < 4 + random.nextInt(6); word++) {
          text.append(WORDS[random.nextInt(WORDS.length)]).append(' ');
        }
        text.append(document).append(".\n");
      }
      text.append('\n');
    }
    return Files.writeString(folder.resolve("text.txt"), text);
  }

  /// Writes the text and a recipe for it.
  public static Path recipe(Path folder, int steps) throws IOException {
    return Files.writeString(folder.resolve("tiny.yaml"), """
        type: pretrain
        name: tiny
        seed: 7
        device: cpu
        dtype: f32
        data:
          source: {type: plain-text, path: "%s", split: blank_line}
          seq_len: 32
          held_out: 0.1
        tokenizer: {type: train, vocab_size: 300}
        model: {type: llama, dim: 32, layers: 2, heads: 2, hidden: 64}
        train:
          steps: %s
          batch: 4
          accumulate: 2
          learning_rate: 3e-3
          schedule: {type: cosine, warmup: 1}
        eval: {every: 10, prompts: ["the cat"], new_tokens: 4}
        save: {every: 5}
        """.formatted(text(folder).toString().replace("\\", "/"), Integer.toString(steps)));
  }
}
