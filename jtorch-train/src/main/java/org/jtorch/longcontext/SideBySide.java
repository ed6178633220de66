package org.jtorch.longcontext;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenShards;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;

/// A model's bits per byte at its trained length and at multiples of it, for each way to read longer texts. The text is the same
/// everywhere: only the rows that it is cut into differ.
///
/// ```java
/// var cells = new SideBySide(256, List.of(1, 2, 4), 2048).score(shape, s -> Pretrained.open(s, folder), heldOut, _ -> {});
/// ```
///
/// @param trained the longest row that the model was trained on
/// @param multiples of it to read
/// @param batchTokens tokens at a time, about; one row at least
public record SideBySide(int trained, List<Integer> multiples, int batchTokens) {
  public SideBySide {
    multiples = List.copyOf(multiples);
    if (trained < 2) {
      throw new IllegalArgumentException("`trained` must be >= 2 tokens but was " + trained);
    }
    if (multiples.isEmpty() || multiples.stream().anyMatch(m -> m < 1) || multiples.stream().distinct().count() < multiples.size()) {
      throw new IllegalArgumentException("`multiples` must be different whole numbers >= 1 but was " + multiples + "; e.g. [1, 2, 4]");
    }
  }

  /// One way at one length.
  ///
  /// @param length tokens of a row
  public record Cell(ContextVariant variant, int length, TextScore.Bits score) {}

  /// All ways at all lengths, way by way.
  ///
  /// @param open gives the model another shape; what it returns is closed here
  /// @param text that the model has not seen, as one stream of tokens: its documents run into each other
  /// @param each hears of every cell when it is known
  public List<Cell> score(DecoderConfig shape, Function<DecoderConfig, Decoder> open, TokenShards text, Consumer<Cell> each) {
    return score(shape, open, length -> text(text, length), each);
  }

  /// The same on rows of one's own.
  ///
  /// @param text in rows of a length
  public List<Cell> score(DecoderConfig shape, Function<DecoderConfig, Decoder> open, IntFunction<TextScore> text, Consumer<Cell> each) {
    var cells = new ArrayList<Cell>();
    for (ContextVariant variant : ContextVariant.values()) {
      for (int multiple : multiples) {
        int length = Math.multiplyExact(trained, multiple);
        try (var model = open.apply(variant.of(shape, trained, length))) {
          var cell = new Cell(variant, length, text.apply(length).of(model));
          cells.add(cell);
          each.accept(cell);
        }
      }
    }
    return cells;
  }

  private TextScore text(TokenShards text, int length) {
    var rows = RowSource.unmasked(RowSource.concatenated(text, length));
    return new TextScore(rows, text.textBytes(), text.tokens(), Math.max(1, batchTokens / length));
  }

  /// A table in words: a line a way, a column a length.
  public static List<String> table(List<Cell> cells) {
    var lengths = cells.stream().map(Cell::length).distinct().toList();
    var lines = new ArrayList<String>();
    lines.add("%-12s".formatted("bits/byte at") + String.join("", lengths.stream().map("%12d"::formatted).toList()));
    Arrays.stream(ContextVariant.values()).forEach(variant -> {
      var row = cells.stream().filter(c -> c.variant() == variant).toList();
      if (!row.isEmpty()) {
        lines.add("%-12s".formatted(variant.name().toLowerCase(Locale.ROOT))
            + String.join("", row.stream().map(c -> "%12.4f".formatted(c.score().bitsPerByte())).toList()));
      }
    });
    return lines;
  }
}
