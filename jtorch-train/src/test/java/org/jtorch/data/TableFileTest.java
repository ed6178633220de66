package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableFileTest {
  @TempDir Path temp = Path.of("");

  private List<TableRow> read(String name, String text, String... columns) throws IOException {
    return TableFile.read(Files.writeString(temp.resolve(name), text), List.of(columns));
  }

  @Test void separatedValuesWithTheirNames() throws IOException {
    var rows = read("a.csv", "\ufeffq,a\r\n\"1, \"\"2\"\"\nand 3\",x\r\n\r\n,\"\"\n");
    assertThat(rows).extracting(r -> r.values()).containsExactly(Map.of("q", "1, \"2\"\nand 3", "a", "x"), Map.of("q", "", "a", ""));
    assertThat(rows).extracting(TableRow::place).containsExactly(temp.resolve("a.csv") + ":2", temp.resolve("a.csv") + ":5");
    assertThat(read("a.tsv", "1\t2\n3\t4", "x", "y")).extracting(r -> r.values()).containsExactly(Map.of("x", "1", "y", "2"), Map.of("x", "3", "y", "4"));
  }

  @Test void jsonInLinesInAListAndInAnObject() throws IOException {
    var one = Map.<String, Object>of("q", "a", "n", 3L, "x", 0.5, "b", true, "l", List.of("u", 1L));
    String line = "{\"q\": \"a\", \"n\": 3, \"x\": 0.5, \"b\": true, \"l\": [\"u\", 1]}";
    for (String text : List.of(line + "\n" + line + "\n", "[" + line + ", " + line + "]", "{\"note\": 1, \"examples\": [" + line + "," + line + "]}")) {
      assertThat(read("a.json", text)).extracting(r -> r.values()).containsExactly(one, one);
    }
    assertThat(read("a.jsonl", line)).extracting(r -> r.values()).containsExactly(one);
  }

  @Test void plainLinesAndCompressedOnes() throws IOException {
    assertThat(read("labels.lst", "0\n1\n\n0\n")).extracting(r -> r.values().get(TableFile.LINE)).containsExactly("0", "1", "0");
    Path file = temp.resolve("b.jsonl.gz");
    try (var out = new OutputStreamWriter(new GZIPOutputStream(Files.newOutputStream(file)), StandardCharsets.UTF_8)) {
      out.write("{\"q\": 1}\n");
    }
    assertThat(TableFile.read(file, List.of())).extracting(r -> r.values()).containsExactly(Map.of("q", 1L));
  }

  @Test void brokenFilesAreNamedWithTheirLine() {
    assertThatThrownBy(() -> read("a.csv", "q,a\n1,2\n3\n")).isInstanceOf(DataException.class).hasMessageContainingAll("a.csv:3", "1 columns instead of 2");
    assertThatThrownBy(() -> read("a.csv", "q,a\n\"1,2\n")).isInstanceOf(DataException.class).hasMessageContaining("nothing closes");
    assertThatThrownBy(() -> read("a.jsonl", "{\"q\": 1}\n{\"q\": ")).isInstanceOf(DataException.class).hasMessageContaining("broken JSON");
    assertThatThrownBy(() -> read("a.jsonl", "1\n2")).isInstanceOf(DataException.class).hasMessageContaining("no JSON object");
    assertThatThrownBy(() -> read("a.csv", "q,a\n")).isInstanceOf(DataException.class).hasMessageContaining("no rows");
    assertThatThrownBy(() -> TableFile.read(temp.resolve("none.csv"), List.of())).isInstanceOf(DataException.class).hasMessageContaining("no file");
    assertThatThrownBy(() -> TextFile.read(temp.resolve("none.txt"))).isInstanceOf(DataException.class).hasMessageContaining("no file");
  }

  @Test void aTextIsReadToTheCharacter() throws IOException {
    Path file = Files.writeString(temp.resolve("t.txt"), " a\r\nb \n\n");
    assertThat(TextFile.read(file).text()).isEqualTo(" a\r\nb \n\n");
    assertThatThrownBy(() -> TextFile.read(Files.writeString(temp.resolve("blank.txt"), " \n"))).isInstanceOf(DataException.class);
  }
}
