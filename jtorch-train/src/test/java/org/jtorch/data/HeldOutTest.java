package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.jtorch.io.DataException;

class HeldOutTest {
  private static List<Document> documents(int n) {
    return IntStream.range(0, n).mapToObj(i -> new Document("text number " + i % (n / 2), "line " + i)).toList();
  }

  @Test
  void theShareIsHeldOutAndCopiesStayTogether() {
    var train = new HashSet<String>();
    var validation = new HashSet<String>();
    var counts = new HeldOut(0.1, Long.MAX_VALUE).split(documents(4000).stream(), d -> train.add(d.text()), d -> validation.add(d.text()));
    assertThat(counts.train() + counts.validation()).isEqualTo(4000);
    assertThat(counts.validation()).isBetween(320L, 480L).isEqualTo(2L * validation.size());
    assertThat(train).doesNotContainAnyElementsOf(validation);
  }

  @Test
  void theByteLimitHoldsAndCopiesStillStayTogether() {
    var train = new HashSet<String>();
    var validation = new ArrayList<String>();
    var counts = new HeldOut(0.5, 300).split(documents(400).stream(), d -> train.add(d.text()), d -> validation.add(d.text()));
    assertThat(counts.validationBytes()).isBetween(200L, 300L);
    assertThat(new HashSet<>(validation).stream().mapToLong(String::length).sum()).isEqualTo(counts.validationBytes());
    assertThat(train).doesNotContainAnyElementsOf(validation);
  }

  @Test
  void theSameTextGoesTheSameWayInAnotherOrder() {
    var rule = new HeldOut(0.3, Long.MAX_VALUE);
    var forward = new HashSet<String>();
    var backward = new HashSet<String>();
    rule.split(documents(200).stream(), _ -> {}, d -> forward.add(d.text()));
    rule.split(documents(200).reversed().stream(), _ -> {}, d -> backward.add(d.text()));
    assertThat(forward).isEqualTo(backward).isNotEmpty();
  }

  @Test
  void badRulesAndEmptySidesAreErrors() {
    assertThatThrownBy(() -> new HeldOut(1, 10)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("1.0");
    assertThatThrownBy(() -> new HeldOut(Double.NaN, 10)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new HeldOut(0.99999, 1 << 20).split(documents(2).stream(), _ -> {}, _ -> {}))
        .isInstanceOf(DataException.class).hasMessageContaining("held out");
  }
}
