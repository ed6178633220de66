package org.jtorch.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import blue.strategic.parquet.ParquetWriter;
import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.jtorch.io.DataException;

class TextSourceTest {
  @TempDir Path dir;

  private static List<String> texts(TextSource source) {
    try (var documents = source.read()) {
      return documents.map(Document::text).toList();
    }
  }

  private Path file(String name, String text) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    Path file = dir.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, name.endsWith(".gz") ? gzip(bytes) : name.endsWith(".zst") ? Zstd.compress(bytes) : bytes);
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  @Test
  void jsonlFilesOfAFolderAreReadInOrderAndDecompressed() throws IOException {
    file("c.jsonl.zst", "{\"text\": \"three \uD83D\uDE80\"}\n");
    file("a.jsonl", "{\"id\": 1, \"text\": \"one\"}\n\n{\"text\": \"\"}\n{\"text\": null}\n{\"text\": \"o\\nne\"}");
    file("sub/b.jsonl.gz", "{\"text\": \"two\"}\n");
    file("ignored.csv", "x");
    assertThat(texts(new Jsonl(dir, "text"))).containsExactly("one", "o\nne", "three \uD83D\uDE80", "two");
    assertThat(texts(new Jsonl(dir.resolve("*.jsonl*"), "text"))).containsExactly("one", "o\nne", "three \uD83D\uDE80");
    assertThat(texts(new Jsonl(dir.resolve("**.gz"), "text"))).containsExactly("two");
    try (var documents = new Jsonl(dir.resolve("a.jsonl"), "text").read()) {
      assertThat(documents.map(Document::source)).containsExactly(dir.resolve("a.jsonl") + ":1", dir.resolve("a.jsonl") + ":5");
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "{\"text\": | not JSON", "{\"text\": \"a\"} trailing | not JSON", "[1] | not a JSON object", "{\"body\": \"a\"} | no field `` `text` ``",
      "{\"text\": 3} | no string", "3 | not a JSON object"})
  void brokenJsonlNamesFileAndLine(String line, String message) throws IOException {
    Path file = file("bad.jsonl", "{\"text\": \"fine\"}\n" + line + "\n");
    assertThatThrownBy(() -> texts(new Jsonl(file, "text"))).isInstanceOf(DataException.class)
        .hasMessageContaining(file + ":2").hasMessageContaining(message.strip().replace("`` ", "").replace(" ``", ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".gz", ".zst"})
  void aByteOrderMarkIsNoText(String compressed) throws IOException {
    Path lines = file("a.jsonl" + compressed, "\uFEFF{\"text\": \"one\"}\r\n{\"text\": \"\uFEFFtwo\"}\r\n\uFEFF{\"text\": \"three\"}\r\n");
    assertThat(texts(new Jsonl(lines, "text"))).containsExactly("one", "\uFEFFtwo", "three");
    Path plain = file("a.txt" + compressed, "\uFEFFone\r\n\r\ntwo\uFEFF\r\n");
    assertThat(texts(new PlainText(plain, DocumentSplit.LINE))).containsExactly("one", "two\uFEFF");
    assertThat(texts(new PlainText(plain, DocumentSplit.FILE))).containsExactly("one\n\ntwo\uFEFF\n");
  }

  @Test
  void aLineMayBeLongerThanParsersUsuallyAllow() throws IOException {
    String book = "chapter and verse. ".repeat(1_100_000);
    Path file = file("books.jsonl.gz", "{\"text\": \"short\"}\n{\"n\": " + "9".repeat(2000) + ", \"" + "k".repeat(60_000)
        + "\": 1, \"text\": \"" + book + "\"}\n{\"text\": \"last\"}\n");
    assertThat(texts(new Jsonl(file, "text"))).hasSize(3).first().isEqualTo("short");
    assertThat(texts(new Jsonl(file, "text")).get(1)).hasSameSizeAs(book).isEqualTo(book);
  }

  @Test
  void halfASurrogatePairIsTheSameTextEverywhere() throws IOException {
    Path file = file("cut.jsonl", """
        {"text": "head \\ud83d tail \\u0000"}
        {"text": "\\ude00\\ud83d"}
        {"text": "whole \\ud83d\\ude00"}
        """);
    assertThat(texts(new Jsonl(file, "text"))).containsExactly("head \uFFFD tail \0", "\uFFFD\uFFFD", "whole \uD83D\uDE00");
    assertThat(new Document("a\uDC00", "here").text().getBytes(UTF_8)).hasSize(4);
  }

  @Test
  void damagedFilesAreNamed() throws IOException {
    byte[] whole = gzip("{\"text\": \"a long enough line of text\"}\n".repeat(500).getBytes(UTF_8));
    Path cut = Files.write(dir.resolve("cut.jsonl.gz"), Arrays.copyOf(whole, whole.length - 12));
    Path fake = Files.writeString(dir.resolve("fake.jsonl.gz"), "no gzip at all");
    Path zstd = Files.writeString(dir.resolve("fake.jsonl.zst"), "no zstd at all, but long enough");
    Path latin = Files.write(dir.resolve("latin.txt"), new byte[] {'a', '\n', 'b', (byte) 0xE9, '\n'});
    assertThatThrownBy(() -> texts(new Jsonl(cut, "text"))).isInstanceOf(DataException.class)
        .hasMessageContaining("cut.jsonl.gz").hasMessageContaining("truncated");
    assertThatThrownBy(() -> texts(new Jsonl(fake, "text"))).isInstanceOf(DataException.class).hasMessageContaining("fake.jsonl.gz");
    assertThatThrownBy(() -> texts(new Jsonl(zstd, "text"))).isInstanceOf(DataException.class).hasMessageContaining("fake.jsonl.zst");
    assertThatThrownBy(() -> texts(new PlainText(latin, DocumentSplit.LINE))).isInstanceOf(DataException.class)
        .hasMessageContaining("latin.txt").hasMessageContaining("UTF-8");
  }

  @Test
  void plainTextIsSplitAsAsked() throws IOException {
    Path file = file("a.txt", "one\ntwo\n\n\n  \nthree\n");
    assertThat(texts(new PlainText(file, DocumentSplit.FILE))).containsExactly("one\ntwo\n\n\n  \nthree\n");
    assertThat(texts(new PlainText(file, DocumentSplit.BLANK_LINE))).containsExactly("one\ntwo\n", "three\n");
    assertThat(texts(new PlainText(file, DocumentSplit.LINE))).containsExactly("one", "two", "three");
    file("b.txt.gz", "four");
    assertThat(texts(new PlainText(dir, DocumentSplit.FILE))).containsExactly("one\ntwo\n\n\n  \nthree\n", "four\n");
  }

  @Test
  void emptyAndMissingCorporaAreErrors() throws IOException {
    Path empty = file("empty.jsonl", "\n\n{\"text\": \"  \"}\n");
    assertThatThrownBy(() -> texts(new Jsonl(empty, "text"))).isInstanceOf(DataException.class)
        .hasMessageContaining("empty.jsonl").hasMessageContaining("no document");
    assertThatThrownBy(() -> texts(new PlainText(file("b.txt", " \n"), DocumentSplit.FILE))).isInstanceOf(DataException.class);
    assertThatThrownBy(() -> texts(new Jsonl(dir.resolve("none"), "text"))).isInstanceOf(DataException.class)
        .hasMessageContaining("none").hasMessageContaining("glob");
    assertThatThrownBy(() -> texts(new Jsonl(dir.resolve("nowhere/*.jsonl"), "text"))).isInstanceOf(DataException.class)
        .hasMessageContaining("*.jsonl");
    assertThatThrownBy(() -> texts(new Parquet(dir, "text"))).hasMessageContaining(".parquet");
  }

  @Test
  void aColumnOfParquetFiles() throws IOException {
    Path file = dir.resolve("t.parquet");
    writeParquet(file);
    assertThat(texts(new Parquet(file, "text"))).containsExactly("first \u4F60\u597D", "third");
    assertThatThrownBy(() -> texts(new Parquet(file, "body"))).isInstanceOf(DataException.class)
        .hasMessageContaining("body").hasMessageContaining("[id, text]");
    assertThatThrownBy(() -> texts(new Parquet(file, "id"))).isInstanceOf(DataException.class).hasMessageContaining("no text");
    Path broken = Files.write(dir.resolve("x.parquet"), Arrays.copyOf(Files.readAllBytes(file), 60));
    assertThatThrownBy(() -> texts(new Parquet(broken, "text"))).isInstanceOf(DataException.class).hasMessageContaining("x.parquet");
  }

  private static void writeParquet(Path file) throws IOException {
    var schema = new MessageType("rows", Types.required(PrimitiveTypeName.INT64).named("id"),
        Types.optional(PrimitiveTypeName.BINARY).as(LogicalTypeAnnotation.stringType()).named("text"));
    try (var writer = ParquetWriter.<String[]>writeFile(schema, file.toFile(), (row, out) -> {
      out.write("id", Long.valueOf(row[0]));
      if (row.length > 1) {
        out.write("text", row[1]);
      }
    })) {
      writer.write(new String[] {"1", "first \u4F60\u597D"});
      writer.write(new String[] {"2"});
      writer.write(new String[] {"3", "third"});
    }
  }

  @Test
  void theEuroparlCorpusComesWithTheBuildAndIsEnglish() {
    List<String> texts = texts(LineCorpus.europarl());
    assertThat(texts).hasSizeBetween(1200, 1350).allMatch(t -> !t.contains("\t"));
    assertThat(texts.stream().filter(t -> t.contains(" the ")).count()).isGreaterThan(texts.size() * 97L / 100);
  }

  @Test
  void aMissingArtifactSaysHowToGetIt() {
    assertThatThrownBy(() -> texts(new LineCorpus("org.example:none:1.0", "none.txt.gz"))).isInstanceOf(DataException.class)
        .hasMessageContaining("mvn dependency:get -Dartifact=org.example:none:1.0");
    assertThatThrownBy(() -> new LineCorpus("just-a-name", "x")).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "true|I would like to thank the rapporteur for his excellent report on the budget.",
      "true|The cat sat on the mat and looked at the dog.",
      "true|This concludes the debate, and the vote will be taken tomorrow.",
      "false|Je voudrais remercier le rapporteur pour son excellent rapport sur le budget de la Commission.",
      "false|Ich danke dem Berichterstatter für seinen Bericht, in dem es um den Haushalt der Kommission geht.",
      "false|Quisiera dar las gracias al ponente por su excelente informe sobre el presupuesto de la Comisión.",
      "false|Vorrei ringraziare il relatore per la sua relazione e per il lavoro che ha svolto in commissione.",
      "false|Gostaria de felicitar o relator pelo seu excelente relatório sobre o orçamento da Comissão.",
      "false|Ik wil de rapporteur bedanken voor het uitstekende verslag dat hij over de begroting heeft geschreven.",
      "false|Jag vill tacka för betänkandet och hoppas att det kan antas i morgon.",
      "false|Jeg vil gerne takke ordføreren for den gode betænkning, som vi skal stemme om i morgen.",
      "false|Haluan kiittää esittelijää erinomaisesta mietinnöstä ja siitä, että se on nyt valmis.",
      "false|Chciałbym podziękować sprawozdawcy za sprawozdanie, które jest bardzo dobre.",
      "false|Я хотел бы поблагодарить докладчика за его отличный доклад.",
      "false|谢谢大家。", "false|12345 - 678", "false|Brussels"})
  void languagesAreToldApart(boolean english, String text) {
    assertThat(LanguageFilter.isEnglish(text)).isEqualTo(english);
  }
}
