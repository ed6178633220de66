package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.data.DocumentCursor.Position;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files of many documents with a separator between them, and cursors that go on from a position.
class SeparatedTextTest {
  @TempDir Path dir;

  private List<Document> documents(String text, String separator) throws IOException {
    Path file = Files.writeString(dir.resolve("a.txt"), text);
    try (var documents = new PlainText(file, DocumentSplit.FILE, separator).read()) {
      return documents.toList();
    }
  }

  private List<String> texts(String text, String separator) throws IOException {
    return documents(text, separator).stream().map(Document::text).toList();
  }

  @Test void aSeparatorDividesDocumentsAndBelongsToNone() throws IOException {
    assertThat(texts("one\ntwo\n<|endoftext|>\nthree <b> < |endoftext|>\r\n\n<|endoftext|>four<|endoftext|>\n \n<|endoftext|>",
        "<|endoftext|>"))
        .containsExactly("one\ntwo", "three <b> < |endoftext|>", "four");
    assertThat(texts("a\n\n\nb\n\n\n\nc", "\n\n\n")).containsExactly("a", "b", "c");
    assertThat(texts("no separator at all\n", "<|endoftext|>")).containsExactly("no separator at all");
  }

  @Test void placesAreLines() throws IOException {
    assertThat(documents("one\ntwo\n%%\nthree\n%%four\n", "%%")).extracting(Document::source)
        .containsExactly(dir.resolve("a.txt") + ":1", dir.resolve("a.txt") + ":3", dir.resolve("a.txt") + ":5");
  }

  /// At every place relative to the reader's buffer.
  @Test void separatorsAreFoundWhereverTheyLie() throws IOException {
    var wanted = new ArrayList<String>();
    var text = new StringBuilder();
    for (int length = 8_150; length < 8_250; length += 3) {
      wanted.add("x".repeat(length) + "<|end");
      text.append(wanted.getLast()).append("<|endoftext|>");
    }
    assertThat(texts(text.toString(), "<|endoftext|>")).isEqualTo(wanted);
  }

  @Test void aSeparatorIsSomethingAndCutsWholeFiles() {
    assertThatThrownBy(() -> new PlainText(dir, DocumentSplit.FILE, "")).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("empty");
    assertThatThrownBy(() -> new PlainText(dir, DocumentSplit.LINE, "%%")).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("split").hasMessageContaining("line");
  }

  @Test void aCursorGoesOnFromAnyPosition() throws IOException {
    Files.writeString(dir.resolve("a.txt"), "1\n2\n3\n");
    Files.writeString(dir.resolve("b.txt"), "\n");
    Files.writeString(dir.resolve("c.txt"), "4\n5\n");
    var source = new PlainText(dir, DocumentSplit.LINE);
    var positions = new ArrayList<Position>();
    var texts = new ArrayList<String>();
    try (var cursor = source.open()) {
      for (Document next; (next = cursor.next()) != null; ) {
        texts.add(next.text());
        positions.add(cursor.position());
      }
      assertThat(cursor.bytesRead()).isEqualTo(11);
    }
    assertThat(texts).containsExactly("1", "2", "3", "4", "5");
    for (int from = 0; from < positions.size(); from++) {
      try (var cursor = source.open()) {
        cursor.skipTo(positions.get(from));
        for (String text : texts.subList(from + 1, texts.size())) {
          assertThat(cursor.next()).extracting(d -> d == null ? null : d.text()).isEqualTo(text);
        }
        assertThat(cursor.next()).isNull();
      }
    }
    Files.writeString(dir.resolve("c.txt"), "4\n");
    try (var cursor = source.open()) {
      assertThatThrownBy(() -> cursor.skipTo(positions.getLast())).isInstanceOf(DataException.class)
          .hasMessageContaining("must not change");
    }
  }
}
