package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.align.ArithmeticRecipe.Operation;
import org.junit.jupiter.api.Test;

class ArithmeticTypeTest {
  private static List<String> rows(int rows, int skip, int largest, @Nullable Integer second, Operation... operations) {
    return ArithmeticType.rows(new ArithmeticRecipe("sums", 3, rows, skip, List.of(operations), largest, second, 0));
  }

  @Test void everyProblemComesOnceWithItsAnswer() throws JsonProcessingException {
    var all = rows(3 * 100, 0, 9, null, Operation.PLUS, Operation.MINUS, Operation.TIMES);
    assertThat(all).doesNotHaveDuplicates();
    for (String row : all) {
      var read = new ObjectMapper().readTree(row);
      String[] words = read.path("prompt").asText().split(" ");
      int a = Integer.parseInt(words[0]);
      int b = Integer.parseInt(words[2]);
      int answer = switch (words[1]) {
        case "+" -> a + b;
        case "-" -> a - b;
        default -> a * b;
      };
      assertThat(read.path("completion").asText()).isEqualTo(Integer.toString(answer));
    }
  }

  @Test void whatIsSkippedIsWhatOthersTake() {
    var asked = new HashSet<>(rows(40, 60, 9, null, Operation.PLUS));
    assertThat(asked).hasSize(40).doesNotContainAnyElementsOf(rows(60, 0, 9, null, Operation.PLUS));
  }

  @Test void theSecondNumberMayBeASmallOne() {
    assertThat(rows(100 * 6, 0, 99, 5, Operation.PLUS)).doesNotHaveDuplicates().contains("{\"prompt\":\"99 + 5\",\"completion\":\"104\"}")
        .allMatch(row -> row.matches(".*\"\\d+ \\+ [0-5]\",.*"));
    assertThatThrownBy(() -> rows(601, 0, 99, 5, Operation.PLUS)).hasMessageContaining("at most 600", "`largest: 99` and `second: 5`");
    assertThatThrownBy(() -> rows(1, 0, 9, 10, Operation.PLUS)).hasMessageContaining("`second` must be from 0 to `largest` (9) but was 10; e.g. 9");
  }

  @Test void someAnswersMayBeOffByOne() {
    var right = rows(200, 0, 99, 5, Operation.PLUS);
    var slipped = ArithmeticType.rows(new ArithmeticRecipe("sums", 3, 200, 0, List.of(Operation.PLUS), 99, 5, 0.5));
    assertThat(IntStream.range(0, 200).filter(i -> right.get(i).equals(slipped.get(i))).count()).isBetween(75L, 125L);
    assertThat(IntStream.range(0, 200).map(i -> answer(slipped.get(i)) - answer(right.get(i))).distinct().sorted()).containsExactly(-1, 0, 1);
  }

  private static int answer(String row) {
    return Integer.parseInt(row.replaceAll(".*:\"(-?\\d+)\"}", "$1"));
  }
}
