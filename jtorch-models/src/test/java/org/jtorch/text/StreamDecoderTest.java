package org.jtorch.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.LongStream;
import org.jtorch.bpe.BpeTrainer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Streams of byte-level BPE (a vocabulary trained here) and of SentencePiece with byte fallback.
class StreamDecoderTest {
  private static final String TEXT = "the fox \uD83D\uDC69\u200D\uD83D\uDCBB says \u4F60\u597D\n\uD83D\uDE80! Z\u00FCrich";
  @TempDir static Path folder;
  private static Tokenizer bytes;
  private static Tokenizer pieces;

  @BeforeAll
  static void load() throws URISyntaxException {
    var options = new BpeTrainer.Options(300, 1, List.of("<|endoftext|>", "<|user|>"), PreTokenizer.GPT2);
    BpeTrainer.train(List.of("hello hello world, the quick brown fox <|endoftext|> endoftext"), options).save(folder, 128);
    bytes = Tokenizer.load(folder);
    pieces = Tokenizer.load(Path.of(Objects.requireNonNull(
        StreamDecoderTest.class.getResource("/text/sentencepiece/bpe_prefix.model")).toURI()));
  }

  @AfterAll
  static void close() {
    bytes.close();
    pieces.close();
  }

  private static List<String> stream(StreamDecoder decoder, long... ids) {
    var stream = new ArrayList<String>();
    for (long id : ids) {
      stream.add(decoder.push(id));
    }
    stream.add(decoder.flush());
    return stream;
  }

  @Test
  void aPieceNeverHoldsHalfACharacter() {
    for (var tokenizer : List.of(bytes, pieces)) {
      long[] ids = tokenizer.encodeText(TEXT);
      var stream = stream(new StreamDecoder(tokenizer, true), ids);
      assertThat(String.join("", stream)).isEqualTo(tokenizer.decode(ids, true)).isEqualTo(TEXT);
      assertThat(stream).noneMatch(p -> p.contains("\uFFFD"));
      assertThat(stream.stream().filter(p -> !p.isEmpty()).count()).isGreaterThan(8);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 7, 8, 9, 40})
  void tokensWithoutTextMayStandAnywhere(int silent) {
    for (var tokenizer : List.of(bytes, pieces)) {
      long[] text = tokenizer.encodeText(TEXT);
      long special = tokenizer.requireId(tokenizer.specialTokens().getFirst());
      for (int at = 0; at <= text.length; at++) {
        for (long quiet : new long[] {special, tokenizer.vocabSize() + 5L}) {
          long[] ids = LongStream.of(text).limit(at).toArray();
          ids = LongStream.concat(LongStream.of(ids), LongStream.generate(() -> quiet).limit(silent)).toArray();
          ids = LongStream.concat(LongStream.of(ids), LongStream.of(text).skip(at)).toArray();
          var stream = stream(new StreamDecoder(tokenizer, true), ids);
          assertThat(String.join("", stream)).isEqualTo(TEXT);
          assertThat(stream).noneMatch(p -> p.contains("\uFFFD"));
        }
      }
    }
  }

  @Test
  void specialTokensThatAreShownEndWhatStandsBeforeThem() {
    long[] fox = bytes.encodeText("\uD83E\uDD8A");
    long[] ids = LongStream.concat(LongStream.of(fox).limit(fox.length - 1), LongStream.of(0)).toArray();
    assertThat(String.join("", stream(new StreamDecoder(bytes, false), ids))).isEqualTo("\uFFFD<|endoftext|>");
  }

  @Test
  void bytesThatAreNoCharacterComeOutAtTheEnd() {
    long[] rocket = bytes.encodeText("\uD83D\uDE80");
    var decoder = new StreamDecoder(bytes, true);
    assertThat(decoder.push(bytes.encodeText("x")[0])).isEqualTo("x");
    for (long id : Arrays.copyOf(rocket, rocket.length - 1)) {
      assertThat(decoder.push(id)).isEmpty();
    }
    assertThat(decoder.flush()).isEqualTo("\uFFFD");
    assertThat(decoder.flush()).isEmpty();
  }

  @Test
  void aCharacterAfterManyBrokenBytesIsWhole() {
    for (int broken = 1; broken < 20; broken++) {
      long rest = bytes.encodeText("\u0080")[1];                    // the byte 0x80, which begins nothing
      long[] ids = LongStream.concat(LongStream.generate(() -> rest).limit(broken), LongStream.of(bytes.encodeText(TEXT))).toArray();
      var stream = stream(new StreamDecoder(bytes, true), ids);
      assertThat(String.join("", stream)).isEqualTo("\uFFFD".repeat(broken) + TEXT);
    }
  }

  @Test
  void anyBytesGiveTheTextOfAllIdsTogether() {
    var random = new Random(8);
    for (int round = 0; round < 300; round++) {
      long[] ids = random.longs(random.nextInt(1, 40), 2, bytes.vocabSize()).map(id -> random.nextBoolean() ? id : 2 + id % 256).toArray();
      assertThat(String.join("", stream(new StreamDecoder(bytes, true), ids))).as(Arrays.toString(ids)).isEqualTo(bytes.decode(ids, true));
    }
  }

  @Test
  void aStreamGoesOnFromItsPrompt() {
    long[] prompt = pieces.encode("once upon a", true);
    long[] ids = LongStream.of(pieces.encodeText("time there")).toArray();
    assertThat(pieces.decode(ids, true)).isEqualTo("time there");
    assertThat(pieces.decodeAfter(prompt, ids, true)).isEqualTo(" time there");
    assertThat(String.join("", stream(new StreamDecoder(pieces, true, prompt), ids))).isEqualTo(" time there");
    assertThat(String.join("", stream(new StreamDecoder(pieces, true), ids))).isEqualTo("time there");
    assertThat(String.join("", stream(new StreamDecoder(pieces, true, pieces.encode("", true)), ids))).isEqualTo("time there");
  }
}
