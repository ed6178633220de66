package org.jtorch.recipes.claims;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// The rules that judge, on numbers whose verdict is plain.
class CheckTest {
  private static Measured measured(Map<String, double[]> values) {
    int seeds = values.values().iterator().next().length;
    return new Measured(LongStream.rangeClosed(1, seeds).boxed().toList(), new LinkedHashMap<>(values));
  }

  private static boolean holds(Check check, Map<String, double[]> values) {
    return check.of(measured(values)).stream().allMatch(Outcome::holds);
  }

  private static double[] seeds(double... values) {
    return values;
  }

  @Test void theRightSignOnEverySeedIsEnough() {
    var values = Map.of("a", seeds(1, 5, 9), "b", seeds(1.1, 5.0001, 12));
    assertThat(holds(new Check.Less("a", "b", 1), values)).isTrue();
    assertThat(holds(new Check.Less("b", "a", 1), values)).isFalse();
  }

  @Test void oneWrongSeedOfThreeIsNotEnough() {
    assertThat(holds(new Check.Less("a", "b", 1), Map.of("a", seeds(1, 2, 3), "b", seeds(2, 3, 2.9)))).isFalse();
  }

  @Test void aSmallPOutweighsOneWrongSeed() {
    var values = Map.of("a", new double[8], "b", seeds(1, 1.1, 0.9, 1, 1.2, 0.8, 1, -0.1));
    assertThat(holds(new Check.Less("a", "b", 1), values)).isTrue();
    assertThat(holds(new Check.Less("b", "a", 1), values)).isFalse();
  }

  @Test void aFactorAsksForMore() {
    var values = Map.of("small", seeds(1, 1, 1), "great", seeds(2.5, 3, 2.2));
    assertThat(holds(new Check.Less("small", "great", 2), values)).isTrue();
    assertThat(holds(new Check.Less("small", "great", 3), values)).isFalse();
  }

  @Test void anOrderHoldsIfEveryNeighbourDoes() {
    var values = Map.of("a", seeds(1, 2), "b", seeds(2, 3), "c", seeds(3, 2.5));
    assertThat(holds(new Check.Ordered(List.of("a", "b")), values)).isTrue();
    assertThat(new Check.Ordered(List.of("a", "b", "c")).of(measured(values))).extracting(Outcome::holds).containsExactly(true, false);
  }

  @Test void bounds() {
    var values = Map.of("a", seeds(0.4, 0.45, 0.3));
    assertThat(holds(new Check.Below("a", 0.5), values)).isTrue();
    assertThat(holds(new Check.Above("a", 0.5), values)).isFalse();
    assertThat(holds(new Check.Above("a", 0.2), values)).isTrue();
  }

  @Test void noDifferenceIsOneThatTheTestDoesNotSee() {
    assertThat(holds(new Check.NoDifference("a", "b"), Map.of("a", seeds(1, 2, 3), "b", seeds(1.1, 1.9, 3.05)))).isTrue();
    assertThat(holds(new Check.NoDifference("a", "b"), Map.of("a", seeds(1, 2, 3), "b", seeds(1.1, 2.1, 3.11)))).isFalse();
  }

  @Test void similarMeansArePositiveAndWithinAFactor() {
    var values = Map.of("a", seeds(0.1, 0.1), "b", seeds(0.14, 0.16), "c", seeds(-0.1, 0.05));
    assertThat(holds(new Check.Similar(List.of("a", "b"), 2), values)).isTrue();
    assertThat(holds(new Check.Similar(List.of("a", "b"), 1.4), values)).isFalse();
    assertThat(holds(new Check.Similar(List.of("a", "c"), 2), values)).isFalse();
  }

  @Test void enoughRulesHold() {
    var values = Map.of("a", seeds(1, 2, 3), "b", seeds(2, 3, 4), "c", seeds(2, 3, 2));
    var rules = List.<Check>of(new Check.Less("a", "b", 1), new Check.Less("a", "c", 1), new Check.Above("a", 0));
    assertThat(holds(new Check.Enough(rules, 2), values)).isTrue();
    assertThat(holds(new Check.Enough(rules, 3), values)).isFalse();
    assertThat(new Check.Enough(rules, 2).of(measured(values)).getFirst().text()).startsWith("2 of 3 hold (holds: a < b: ").contains("fails: a < c");
    assertThatThrownBy(() -> new Check.Enough(rules, 4)).hasMessageContaining("`hold` must be from 1 to 3");
  }

  @Test void whatCameOutIsToldWithItsInterval() {
    var outcome = new Check.Less("a", "b", 1).of(measured(Map.of("a", seeds(0, 0, 0), "b", seeds(1, 2, 3)))).getFirst();
    assertThat(outcome.describe()).isEqualTo("a < b: difference 2.0000 ± 0.5774 (95 %: -0.4841 to 4.4841), p = 0.074");
  }

  @Test void rulesThatCannotBe() {
    assertThatThrownBy(() -> new Check.Less("a", "b", 0)).hasMessageContaining("`factor` must be > 0 but was 0.0; 1 is usual");
    assertThatThrownBy(() -> new Check.Ordered(List.of("a"))).hasMessageContaining("`values` needs two measures");
    assertThatThrownBy(() -> new Check.Similar(List.of("a", "b"), 0.5)).hasMessageContaining("`factor` must be >= 1");
  }
}
