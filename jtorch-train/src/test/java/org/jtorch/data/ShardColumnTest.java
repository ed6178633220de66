package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jtorch.data.ShardColumn.Per;
import org.jtorch.data.ShardColumn.Spec;
import org.jtorch.data.ShardColumn.Type;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

class ShardColumnTest {
  private static final List<Spec> SPECS = List.of(new Spec("weight", Per.TOKEN, Type.F32), new Spec("reward", Per.DOCUMENT, Type.F32),
      new Spec("group", Per.DOCUMENT, Type.I32));
  private static final int[] LENGTHS = {3, 5, 2};
  @TempDir static Path tokenizerFolder;
  private static Tokenizer tokenizer;
  @TempDir Path dir;

  @BeforeAll static void load() {
    tokenizer = Shards.tokenizer(tokenizerFolder);
  }

  @AfterAll static void close() {
    tokenizer.close();
  }

  /// Document d has tokens 10 d + 1, 10 d + 2, ... with weights 0.5 d, 0.5 d + 1, ...
  private TokenShards write() {
    try (var writer = TokenShardsWriter.create(dir, tokenizer, "<|endoftext|>", SPECS)) {
      for (int d = 0; d < LENGTHS.length; d++) {
        double half = 0.5 * d;
        writer.addIds(LongStream.rangeClosed(1, LENGTHS[d]).map(i -> i).toArray(), 1, Map.of("weight",
            LongStream.range(0, LENGTHS[d]).mapToDouble(i -> half + i).toArray(), "reward", new double[] {-half}, "group",
            new double[] {1_000_000_007 + d}));
      }
      return writer.finish();
    }
  }

  @Test void numbersComeBackByTokenAndByDocument() {
    try (var shards = write()) {
      assertThat(shards.columns()).containsExactly("group", "reward", "weight");
      var weight = shards.column("weight");
      assertThat(weight.count()).isEqualTo(10);
      assertThat(weight.get(shards.start(1) + 4)).isEqualTo(4.5);
      assertThat(weight.spec()).isEqualTo(SPECS.getFirst());
      assertThat(shards.column("reward").get(2)).isEqualTo(-1);
      assertThat(shards.column("group").get(2)).as("exact above 24 bits").isEqualTo(1_000_000_009);
      assertThatThrownBy(() -> weight.get(10)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> shards.column("wieght")).isInstanceOf(DataException.class).hasMessageContaining("[group, reward, weight]");
    }
    assertThat(dir).isDirectoryNotContaining("glob:**.part");
  }

  @Test void rowsBringThemAsWeightsOfTheirTargets() {
    try (var shards = write()) {
      var rows = RowSource.documents(shards, 4, shards.column("weight"));
      var batch = TokenBatches.gather(rows, 0, 1);
      // weights of document 0: 0, 1, 2; of document 1: 0.5, 1.5, 2.5, 3.5, 4.5; those of the second token on are the targets'
      assertThat(batch.weights()).containsExactly(1, 2, 0, 0, 1.5f, 2.5f, 3.5f, 4.5f);
      assertThat(batch.targets()).containsExactly(2, 3, Batch.IGNORE, Batch.IGNORE, 2, 3, 4, 5);
      assertThat(batch.totalWeight()).isEqualTo(15);

      var packed = RowSource.packed(shards, 7, shards.column("weight"));
      var whole = TokenBatches.gather(packed, LongStream.range(0, packed.rows()).toArray());
      assertThat(whole.totalWeight()).as("every target once").isEqualTo(15 + 2);
      assertThat(TokenBatches.gather(RowSource.packed(shards, 7), 0).weights()).isNull();
      assertThatIllegalArgumentException().isThrownBy(() -> TokenBatches.gather(RowSource.packed(shards, 7, shards.column("reward")), 0))
          .withMessageContaining("\"reward\"").withMessageContaining("each document");
    }
  }

  @Test void aTargetOfWeightZeroIsNotTrained() {
    try (var writer = TokenShardsWriter.create(dir, tokenizer, "<|endoftext|>", SPECS.subList(0, 1))) {
      writer.addIds(new long[] {1, 2, 3}, 1, Map.of("weight", new double[] {1, 0, 1}));
      try (var shards = writer.finish()) {
        var batch = TokenBatches.gather(RowSource.packed(shards, 2, shards.column("weight")), 0);
        assertThat(batch.targets()).containsExactly(Batch.IGNORE, 3);
        assertThat(batch.trainedTokens()).isEqualTo(1);
      }
    }
  }

  @Test void valuesThatDoNotFitAreRefused() {
    try (var writer = TokenShardsWriter.create(dir, tokenizer, "<|endoftext|>", SPECS)) {
      var good = Map.of("weight", new double[2], "reward", new double[1], "group", new double[1]);
      assertThatThrownBy(() -> writer.add("the cat")).isInstanceOf(IllegalStateException.class).hasMessageContaining("addIds");
      assertThatIllegalArgumentException().isThrownBy(() -> writer.addIds(new long[] {1, 2}, 1)).withMessageContaining("weight");
      assertThatIllegalArgumentException().isThrownBy(() -> writer.addIds(new long[] {1, 2, 3}, 1, good))
          .withMessageContaining("needs 3");
      assertThatIllegalArgumentException().isThrownBy(() -> writer.addIds(new long[] {1, 2}, 1,
          Map.of("weight", new double[2], "reward", new double[1], "group", new double[] {0.5}))).withMessageContaining("0.5");
    }
    assertThat(dir).isEmptyDirectory();
    assertThatIllegalArgumentException().isThrownBy(() -> new Spec("../x", Per.TOKEN, Type.F32)).withMessageContaining("../x");
  }

  @Test void damagedAndForeignColumnsAreFound() throws IOException {
    write().close();
    Path file = dir.resolve("weight.column.bin");
    byte[] whole = Files.readAllBytes(file);
    byte[] flipped = whole.clone();
    flipped[80] ^= 1;
    Files.write(file, flipped);
    refused("checksum");
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length - 4));
    refused("truncated");
    Files.copy(dir.resolve("tokens.bin"), file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    refused("does not belong");
  }

  private void refused(String message) {
    try (var shards = TokenShards.open(dir)) {
      assertThatThrownBy(() -> shards.column("weight")).isInstanceOf(DataException.class).hasMessageContaining("weight.column.bin")
          .hasMessageContaining(message);
    }
  }

  @Test void filesOfVersionOneAreRead() throws IOException {
    write().close();
    for (String name : List.of("tokens.bin", "documents.bin")) {
      byte[] bytes = Files.readAllBytes(dir.resolve(name));
      assertThat(bytes[8]).isEqualTo((byte) 2);
      bytes[8] = 1;
      Files.write(dir.resolve(name), TokenShardsTest.signed(bytes));
    }
    try (var shards = TokenShards.open(dir)) {
      assertThat(shards.tokens()).isEqualTo(10);
    }
  }
}
