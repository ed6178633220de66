package org.jtorch.eval.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The windows that lm-evaluation-harness's own tests write down for ten tokens, and what holds of all.
class WindowsTest {
  private static List<String> windows(int n, int most, int context) {
    return Windows.of(LongStream.range(1, n + 1).toArray(), 0, most, context).stream()
        .map(c -> Arrays.toString(c.context()) + Arrays.toString(c.tokens())).toList();
  }

  @Test void tenTokensByFour() {
    assertThat(windows(10, 4, 1)).containsExactly("[0][1, 2, 3, 4]", "[4][5, 6, 7, 8]", "[6, 7, 8][9, 10]");
    assertThat(windows(10, 4, 2)).containsExactly("[0][1, 2, 3, 4]", "[3, 4][5, 6, 7]", "[6, 7][8, 9, 10]");
    assertThat(windows(10, 4, 4)).hasSize(7).endsWith("[6, 7, 8, 9][10]");
    assertThat(windows(3, 4, 1)).containsExactly("[0][1, 2, 3]");
    assertThat(windows(0, 4, 1)).isEmpty();
  }

  @ParameterizedTest @CsvSource({"100, 7, 1", "100, 7, 3", "100, 7, 7", "57, 8, 2", "5, 8, 1", "16, 8, 1"})
  void everyTokenIsPredictedOnceFromWhatComesBefore(int n, int most, int context) {
    long next = 1;
    for (var window : Windows.of(LongStream.range(1, n + 1).toArray(), 0, most, context)) {
      assertThat(window.context().length + window.tokens().length - 1).isLessThanOrEqualTo(most);
      assertThat(window.context()[window.context().length - 1]).isEqualTo(next - 1);
      for (long token : window.tokens()) {
        assertThat(token).isEqualTo(next++);
      }
    }
    assertThat(next).isEqualTo(n + 1);
  }

  @Test void whatAWindowMayBe() {
    assertThatIllegalArgumentException().isThrownBy(() -> new TextTask("t", List.of(), 1, 1)).withMessageContaining("`window`");
    assertThatIllegalArgumentException().isThrownBy(() -> new TextTask("t", List.of(), 8, 9)).withMessageContaining("`context`");
    assertThatIllegalArgumentException().isThrownBy(() -> new TextTask("t", List.of(), 8, 0)).withMessageContaining("`context`");
  }
}
