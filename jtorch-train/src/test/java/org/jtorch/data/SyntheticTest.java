package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.data.Synthetic.Task;
import org.junit.jupiter.api.Test;

class SyntheticTest {
  private static List<String> texts(Synthetic source) {
    try (var documents = source.read()) {
      return documents.map(Document::text).toList();
    }
  }

  @Test void sumsAreRight() {
    var texts = texts(new Synthetic(Task.SUMS, 50, 2, 1, 1));
    assertThat(texts).hasSize(50).allMatch(t -> t.matches(" \\d \\d \\+ \\d \\d =( \\d){2,3}"));
    for (String text : texts) {
      String[] parts = text.replace(" ", "").split("[+=]");
      assertThat(Integer.parseInt(parts[0]) + Integer.parseInt(parts[1])).isEqualTo(Integer.parseInt(parts[2]));
      assertThat(parts[0]).hasSize(2);
    }
  }

  @Test void copiesRepeatTheirLetters() {
    var texts = texts(new Synthetic(Task.COPIES, 200, 30, 4, 1));
    assertThat(texts).hasSize(200).allMatch(t -> t.length() == 2 * 60 && IntStream.rangeClosed(4, 30)
        .anyMatch(n -> t.substring(2 * n).equals(t.substring(0, t.length() - 2 * n))));
    assertThat(texts(new Synthetic(Task.COPIES, 20, 30, 30, 1))).allMatch(t -> t.substring(0, 60).equals(t.substring(60)));
  }

  @Test void theSameNumbersGiveTheSameTexts() {
    var texts = texts(new Synthetic(Task.COPIES, 5, 10, 10, 7));
    assertThat(texts(new Synthetic(Task.COPIES, 5, 10, 10, 7))).isEqualTo(texts);
    assertThat(texts(new Synthetic(Task.COPIES, 5, 10, 10, 8))).isNotEqualTo(texts);
  }

  @Test void sizesThatCannotBe() {
    assertThatThrownBy(() -> new Synthetic(Task.SUMS, 5, 9, 1, 1)).hasMessageContaining("`size` must be >= 1, and for sums at most 8, but was 9");
    assertThatThrownBy(() -> new Synthetic(Task.SUMS, 0, 2, 1, 1)).hasMessageContaining("`documents` must be >= 1 but was 0");
    assertThatThrownBy(() -> new Synthetic(Task.COPIES, 5, 9, 10, 1)).hasMessageContaining("`least` must be from 1 to size (9) but was 10; e.g. 9");
  }
}
