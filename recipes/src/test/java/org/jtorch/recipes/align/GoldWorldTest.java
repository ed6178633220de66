package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

/// The truth that made-up data and the reward `gold` share.
class GoldWorldTest {
  private final GoldWorld world = new GoldWorld(RewardConfig.FEWEST, RewardConfig.MOST, 1);

  @Test void worthRanksAsAnnotatorsWithoutNoiseDo() {
    var random = new Random(2);
    double squares = 0;
    int pairs = 2_000;
    for (int i = 0; i < pairs; i++) {
      var row = world.judgement(random, 0, false);
      double gap = world.worth(row.path("prompt").asText(), row.path("chosen").asText())
          - world.worth(row.path("prompt").asText(), row.path("rejected").asText());
      assertThat(gap).isPositive();
      squares += gap * gap;
    }
    assertThat(squares / pairs).as("in deviations of the differences").isCloseTo(1, within(0.1));
  }

  @Test void whatIsNoLetterIsWorthNothing() {
    assertThat(world.worth("a b c d", " ")).isNaN();
    assertThat(world.worth("a b c d", "Hello, 7!")).isZero();
    assertThat(world.worth("a b c d", "a z")).isEqualTo(world.worth("a b c d", "  a\nz "));
    assertThat(Math.abs(world.worth("a b c d", "a 7"))).as("but it takes room").isCloseTo(Math.abs(world.worth("a b c d", "a")) / Math.sqrt(2), within(1e-9));
  }
}
