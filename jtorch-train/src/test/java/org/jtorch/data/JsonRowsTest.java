package org.jtorch.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonRowsTest {
  @TempDir Path temp;

  private static List<String> read(Path file) {
    var rows = new ArrayList<String>();
    JsonRows.read(file, row -> rows.add(row.place().substring(row.place().lastIndexOf('/') + 1) + " " + switch (row) {
      case JsonRow.Good good -> good.value();
      case JsonRow.Broken broken -> broken.problem();
    }));
    return rows;
  }

  private Path file(String name, String text) throws IOException {
    return Files.writeString(temp.resolve(name), text);
  }

  @Test void linesAndListsAreToldApartByTheirFirstCharacter() throws IOException {
    assertThat(read(file("a.json", "{\"x\": 1}\n\n{\"x\": 2}\n"))).containsExactly("a.json:1 {\"x\":1}", "a.json:3 {\"x\":2}");
    assertThat(read(file("b.json", "\n\n [\n {\"x\": 1}, {\"x\": 2},\n {\"x\": \"[\"}\n]\n")))
        .containsExactly("b.json:4 {\"x\":1}", "b.json:4 {\"x\":2}", "b.json:5 {\"x\":\"[\"}");
    assertThat(read(file("c.jsonl", "\uFEFF{\"x\": 1}"))).containsExactly("c.jsonl:1 {\"x\":1}");
    assertThat(read(file("empty.jsonl", ""))).isEmpty();
    assertThat(read(file("none.json", "[]"))).isEmpty();
  }

  @Test void theListOfFilesBesideRowsIsNoneOfThem() throws IOException {
    Path rows = file("rows.jsonl", "{}");
    Path list = file("manifest.json", "{}");
    assertThat(JsonRows.files(temp)).containsExactly(rows);
    assertThat(JsonRows.files(list)).containsExactly(list);
  }

  @Test void aBrokenRowIsToldAndTheNextOnesAreRead() throws IOException {
    var rows = read(file("a.jsonl", "{\"x\": 1\n[1]\n{\"x\": 2}\n"));
    assertThat(rows).hasSize(3);
    assertThat(rows.get(0)).startsWith("a.jsonl:1 is not JSON: ");
    assertThat(rows.get(1)).startsWith("a.jsonl:2 is no JSON object but ARRAY");
    assertThat(rows.get(2)).isEqualTo("a.jsonl:3 {\"x\":2}");
    var list = read(file("b.json", "[{\"x\": 1},\n 5,\n {\"x\": 2,\n ]"));
    assertThat(list).hasSize(3);
    assertThat(list.get(1)).startsWith("b.json:2 is no JSON object but NUMBER");
    assertThat(list.get(2)).startsWith("b.json:3 is not JSON, and what follows in the list cannot be read");
    assertThat(read(file("c.json", "[{\"x\": 1},\n"))).hasSize(2).last().asString().contains("c.json:1").contains("end-of-input");
  }

  @Test void compressedFilesAndFoldersAreRead() throws IOException {
    try (var out = new ZstdOutputStream(Files.newOutputStream(temp.resolve("a.jsonl.zst")))) {
      out.write("{\"x\": 1}\n".getBytes(UTF_8));
    }
    file("b.json", "[{\"x\": 2}]");
    assertThat(JsonRows.files(temp)).hasSize(2).flatMap(JsonRowsTest::read).containsExactly("a.jsonl.zst:1 {\"x\":1}", "b.json:1 {\"x\":2}");
    Path cut = Files.write(temp.resolve("cut.jsonl.zst"), Arrays.copyOf(Files.readAllBytes(temp.resolve("a.jsonl.zst")), 12));
    assertThatThrownBy(() -> read(cut)).isInstanceOf(DataException.class).hasMessageContaining("cut.jsonl.zst");
  }

  @Test void nestedColumnsOfParquetFiles() throws IOException {
    MessageType schema = MessageTypeParser.parseMessageType("""
        message rows {
          required int64 id;
          optional binary prompt (STRING);
          optional boolean label;
          optional group messages (LIST) {
            repeated group list {
              optional group element {
                optional binary role (STRING);
                optional binary content (STRING);
              }
            }
          }
          optional group scores (LIST) {
            repeated double array;
          }
        }
        """);
    Path file = temp.resolve("rows.parquet");
    try (var writer = ExampleParquetWriter.builder(new LocalOutputFile(file)).withType(schema).withConf(new PlainParquetConfiguration())
        .withCompressionCodec(CompressionCodecName.UNCOMPRESSED).build()) {
      var full = new SimpleGroup(schema);
      full.add("id", 1L);
      full.add("prompt", "q\u00e9");
      full.add("label", true);
      var messages = full.addGroup("messages");
      for (String role : List.of("user", "assistant")) {
        var element = messages.addGroup("list").addGroup("element");
        element.add("role", role);
        element.add("content", "from " + role);
      }
      var scores = full.addGroup("scores");
      scores.add("array", 0.5);
      scores.add("array", 1.0);
      writer.write(full);
      var bare = new SimpleGroup(schema);
      bare.add("id", 2L);
      writer.write(bare);
    }
    assertThat(read(file)).containsExactly("rows.parquet:1 {\"id\":1,\"prompt\":\"q\u00e9\",\"label\":true,\"messages\":[{\"role\":\"user\","
        + "\"content\":\"from user\"},{\"role\":\"assistant\",\"content\":\"from assistant\"}],\"scores\":[0.5,1.0]}",
        "rows.parquet:2 {\"id\":2,\"prompt\":null,\"label\":null,\"messages\":null,\"scores\":null}");
    Path broken = Files.write(temp.resolve("x.parquet"), Arrays.copyOf(Files.readAllBytes(file), 60));
    assertThatThrownBy(() -> read(broken)).isInstanceOf(DataException.class).hasMessageContaining("x.parquet");
  }
}
