package org.jtorch.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeldOutTest {
  @TempDir Path dir;
  private Path tokenizer = Path.of("");

  @BeforeEach void makeTokenizer() {
    tokenizer = Texts.tokenizer(dir.resolve("tokenizer"));
  }

  private List<String> heldOut(String name, HeldOut.Share share, List<String> documents) throws IOException {
    var source = Texts.lines(dir.resolve(name + ".txt"), documents);
    var spec = new CorpusSpec(List.of(Part.only(source)), new TokenizerOrigin.Given(tokenizer, Texts.EOS), share, null);
    try (var corpus = Texts.prepared(spec, dir.resolve(name))) {
      var held = Texts.validation(corpus);
      assertThat(Texts.training(corpus)).hasSize(documents.size() - held.size()).doesNotContainAnyElementsOf(held);
      return held;
    }
  }

  @Test void theSameTextsWhateverTheirOrder() throws IOException {
    var documents = Texts.documents(2_000, 1);
    var share = new HeldOut.Share(0.2, 20_000);
    var forward = heldOut("forward", share, documents);
    var shuffled = new ArrayList<>(documents);
    Collections.shuffle(shuffled, new Random(5));
    assertThat(heldOut("shuffled", share, shuffled)).containsExactlyInAnyOrderElementsOf(forward);
    assertThat(Texts.bytes(forward)).isBetween(18_000L, 20_000L);
  }

  /// The limit is reached long before the corpus ends, and yet its last tenth gives its part.
  @Test void theyComeFromTheWholeCorpus() throws IOException {
    var documents = Texts.documents(4_000, 2);
    var held = heldOut("whole", new HeldOut.Share(0.5, 30_000), documents);
    int[] tenths = new int[10];
    held.forEach(text -> tenths[documents.indexOf(text) / 400]++);
    assertThat(tenths).doesNotContain(0);
    assertThat(tenths[9]).isLessThan(held.size() / 3);
  }

  @Test void theSameTextsHoweverTheyAreDividedIntoSources() throws IOException {
    var documents = Texts.documents(1_000, 3);
    var share = new HeldOut.Share(0.1, 8_000);
    var one = heldOut("one", share, documents);
    var parts = List.of(new Part("b", 1, Texts.lines(dir.resolve("b.txt"), documents.subList(600, 1_000))),
        new Part("a", 5, Texts.lines(dir.resolve("a.txt"), documents.subList(0, 600))));
    var spec = new CorpusSpec(parts, new TokenizerOrigin.Given(tokenizer, Texts.EOS), share, null);
    try (var corpus = Texts.prepared(spec, dir.resolve("two"))) {
      assertThat(Texts.validation(corpus)).containsExactlyInAnyOrderElementsOf(one);
    }
  }

  @Test void copiesStayTogetherAndCountEach() throws IOException {
    var documents = new ArrayList<>(Texts.documents(500, 4));
    documents.addAll(Texts.documents(500, 4));
    var held = heldOut("copies", new HeldOut.Share(0.3, 10_000), documents);
    assertThat(Texts.bytes(held)).isBetween(8_000L, 10_000L);
    assertThat(held.stream().distinct()).hasSize(held.size() / 2);
  }

  @Test void theShareIsNotExceeded() throws IOException {
    assertThat(heldOut("share", new HeldOut.Share(0.1, Long.MAX_VALUE), Texts.documents(3_000, 5))).hasSizeBetween(240, 360);
  }

  @Test void nothingOrEverythingHeldOutIsAnError() {
    assertThatThrownBy(() -> heldOut("none", new HeldOut.Share(1e-9, 1_000), Texts.documents(50, 6))).isInstanceOf(DataException.class)
        .hasMessageContaining("held_out");
    assertThatThrownBy(() -> heldOut("all", new HeldOut.Share(0.9999999, Long.MAX_VALUE), Texts.documents(3, 6)))
        .isInstanceOf(DataException.class).hasMessageContaining("all documents").hasMessageContaining("hold out less");
    assertThatThrownBy(() -> new HeldOut.Share(1, 10)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("1.0");
    assertThatThrownBy(() -> new HeldOut.Share(Double.NaN, 10)).isInstanceOf(IllegalArgumentException.class);
  }
}
