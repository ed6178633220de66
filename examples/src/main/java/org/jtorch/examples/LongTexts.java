package org.jtorch.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jtorch.data.Document;
import org.jtorch.data.TokenShards;
import org.jtorch.family.Pretrained;
import org.jtorch.longcontext.SideBySide;
import org.jtorch.text.Tokenizer;

/// Reads a text with the model in a Hugging Face folder at once, twice and four times the length that it was trained on: as it is, with YaRN, with
/// dual chunk attention, and with both.
public final class LongTexts {
  private LongTexts() {}

  /// @param args the model's folder, a text file, the token that ends a text (`<|endoftext|>`), a folder for tokens, which is made
  public static void main(String... args) throws IOException {
    SideBySide.table(read(Path.of(args[0]), Path.of(args[1]), args[2], Path.of(args[3]))).forEach(IO::println);
  }

  /// @return bits per byte of each way at each length
  @SuppressWarnings("MustBeClosedChecker")     // SideBySide closes what it has opened
  static List<SideBySide.Cell> read(Path home, Path text, String end, Path tokens) throws IOException {
    var shape = Pretrained.config(home);
    try (var tokenizer = Tokenizer.load(home);
         var shards = TokenShards.write(tokens, Stream.of(new Document(Files.readString(text), text.toString())), tokenizer, end)) {
      return new SideBySide(shape.maxPositions(), List.of(1, 2, 4), 2_048).score(shape, longer -> Pretrained.open(longer, home), shards,
          cell -> IO.println(cell.variant() + " at " + cell.length() + " tokens: " + cell.score().bitsPerByte() + " bits per byte"));
    }
  }
}
