package org.jtorch.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.text.PreTokenizer;
import org.jtorch.text.Tokenizer;

/// Small token files for tests: documents of given lengths whose token at index i of the corpus is i modulo 250 + 1.
final class Shards {
  private Shards() {}

  static Tokenizer tokenizer(Path folder) {
    var options = new BpeTrainer.Options(280, 1, List.of("<|endoftext|>"), PreTokenizer.GPT2);
    BpeTrainer.train(List.of("the cat sat on the mat, and the dog sat on the cat again"), options).save(folder, 64);
    return Tokenizer.load(folder);
  }

  static TokenShards ofLengths(Tokenizer tokenizer, int... lengths) {
    try {
      Path folder = Files.createTempDirectory("shards");
      try (var writer = TokenShardsWriter.create(folder, tokenizer, "<|endoftext|>")) {
        long at = 0;
        for (int length : lengths) {
          long first = at;
          writer.addIds(IntStream.range(0, length).mapToLong(i -> (first + i) % 250 + 1).toArray(), length);
          at += length;
        }
        return writer.finish();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void delete(TokenShards shards) {
    shards.close();
    delete(shards.folder());
  }

  static void delete(Path folder) {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
