package org.jtorch.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.io.DataException;
import org.jtorch.text.PreTokenizer;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenShardsTest {
  @TempDir static Path tokenizerFolder;
  private static Tokenizer tokenizer;
  @TempDir Path dir;

  @BeforeAll
  static void load() {
    tokenizer = Shards.tokenizer(tokenizerFolder);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @BeforeEach
  void write() {
    TokenShards.write(dir, Stream.of("the cat <|endoftext|>", "", "a dog \uD83D\uDE80").map(t -> new Document(t, "x")), tokenizer,
        "<|endoftext|>").close();
  }

  @Test
  void textsComeBackEachWithItsEndToken() {
    try (var shards = TokenShards.open(dir)) {
      var texts = new ArrayList<String>();
      shards.forEachDocument(ids -> {
        assertThat(ids).endsWith(0L);
        assertThat(Arrays.copyOf(ids, ids.length - 1)).doesNotContain(0L);
        texts.add(tokenizer.decode(Arrays.copyOf(ids, ids.length - 1), false));
      });
      assertThat(texts).containsExactly("the cat <|endoftext|>", "a dog \uD83D\uDE80");
      assertThat(shards.textBytes()).isEqualTo(21 + 10);
      assertThat(shards.documents()).isEqualTo(2);
      assertThat(shards.start(2)).isEqualTo(shards.tokens()).isEqualTo(shards.length(0) + shards.length(1));
      assertThat(shards.documentAt(0)).isZero();
      assertThat(shards.documentAt(shards.length(0) - 1)).isZero();
      assertThat(shards.documentAt(shards.length(0))).isEqualTo(1);
      shards.verify();
      shards.requireTokenizer(tokenizer);
    }
    assertThat(dir).isDirectoryNotContaining("glob:**/.tmp-*");
  }

  @Test
  void manyDocumentsKeepTheirOrder() {
    List<String> texts = IntStream.range(0, 3000).mapToObj(i -> "dog " + i + " sat on " + "the mat ".repeat(i % 40)).toList();
    try (var shards = TokenShards.write(dir, texts.stream().map(t -> new Document(t, "x")), tokenizer, "<|endoftext|>")) {
      var read = new ArrayList<String>();
      shards.forEachDocument(ids -> read.add(tokenizer.decode(ids, true)));
      assertThat(read).isEqualTo(texts);
    }
  }

  @Test
  void largeVocabulariesTakeFourBytes() throws IOException {
    var options = new BpeTrainer.Options(260, 1, List.of("<|endoftext|>"), PreTokenizer.GPT2);
    BpeTrainer.train(List.of("abc"), options).save(dir, 64);
    Path json = dir.resolve("tokenizer.json");
    Files.writeString(json, Files.readString(json).replaceFirst("\"<\\|endoftext\\|>\" : 0", "\"<|endoftext|>\" : 0, \"far\" : 70000"));
    try (var large = Tokenizer.load(json); var writer = TokenShardsWriter.create(dir, large, "<|endoftext|>")) {
      writer.addIds(new long[] {70000, 65536, 3}, 1);
      try (var shards = writer.finish()) {
        long[] ids = new long[4];
        shards.copy(0, 3, ids, 1);
        assertThat(ids).containsExactly(0, 70000, 65536, 3);
        assertThat(Files.size(dir.resolve("tokens.bin"))).isEqualTo(72 + 12);
      }
      assertThatThrownBy(() -> writer.addIds(new long[] {70001}, 1)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void truncatedForeignAndDamagedFilesAreRefused() throws IOException {
    refused("tokens.bin", b -> Arrays.copyOf(b, b.length - 1), "truncated");
    refused("tokens.bin", b -> Arrays.copyOf(b, 20), "header");
    refused("tokens.bin", _ -> new byte[0], "header");
    refused("tokens.bin", b -> Arrays.copyOf(b, b.length + 2), "instead of");
    refused("tokens.bin", _ -> "just a text file that somebody put here, long enough for a header, really it is".getBytes(UTF_8),
        "no token file");
    refused("tokens.bin", b -> with(b, 8, 9), "version 9");
    refused("tokens.bin", b -> with(b, 24, 1), "checksum");
    refused("tokens.bin", b -> signed(with(b, 32 + 7, 0x7F)), "makes no sense");
    refused("tokens.bin", b -> signed(with(b, 16, 0)), "makes no sense");
    refused("tokens.bin", b -> signed(with(b, 12, 2)), "makes no sense");
    refused("documents.bin", b -> with(b, 72 + 8, 120), "does not belong");
    refused("documents.bin", b -> signed(with(b, 24, b[24] + 1)), "does not belong");
    Files.delete(dir.resolve("documents.bin"));
    assertThatThrownBy(() -> TokenShards.open(dir)).isInstanceOf(DataException.class).hasMessageContaining("documents.bin is missing");
  }

  private interface Damage {
    byte[] to(byte[] whole);
  }

  private void refused(String name, Damage damage, String message) throws IOException {
    Path file = dir.resolve(name);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, damage.to(whole.clone()));
    assertThatThrownBy(() -> TokenShards.open(dir)).isInstanceOf(DataException.class).hasMessageContaining(name)
        .hasMessageContaining(message);
    Files.write(file, whole);
    TokenShards.open(dir).close();
  }

  private static byte[] with(byte[] bytes, int at, int value) {
    bytes[at] = (byte) value;
    return bytes;
  }

  static byte[] signed(byte[] bytes) {
    var crc = new CRC32C();
    crc.update(bytes, 0, 68);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(68, (int) crc.getValue());
    return bytes;
  }

  @Test
  void damagedTokensAreFound() throws IOException {
    Path file = dir.resolve("tokens.bin");
    Files.write(file, with(Files.readAllBytes(file), 73, 0xFF));
    try (var shards = TokenShards.open(dir)) {
      assertThatThrownBy(shards::verify).isInstanceOf(DataException.class).hasMessageContaining("tokens.bin");
      assertThatThrownBy(() -> shards.copy(0, 2, new long[2], 0)).isInstanceOf(DataException.class).hasMessageContaining("vocabulary");
    }
  }

  @Test
  void otherTokenizersEmptyCorporaAndWrongRangesAreErrors(@TempDir Path other) {
    BpeTrainer.train(List.of("xyz"), new BpeTrainer.Options(257, 1, List.of("<s>"), PreTokenizer.GPT2)).save(other, 8);
    try (var shards = TokenShards.open(dir); var second = Tokenizer.load(other)) {
      assertThatThrownBy(() -> shards.requireTokenizer(second)).isInstanceOf(DataException.class).hasMessageContaining("fingerprint");
      assertThatThrownBy(() -> shards.copy(shards.tokens() - 1, 2, new long[2], 0)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> shards.length(2)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> TokenShardsWriter.create(dir, second, "<|endoftext|>")).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("<s>");
    }
    assertThatThrownBy(() -> TokenShards.write(other.resolve("new"), Stream.of(), tokenizer, "<|endoftext|>"))
        .isInstanceOf(DataException.class).hasMessageContaining("empty");
    assertThat(other.resolve("new")).isEmptyDirectory();
  }
}
