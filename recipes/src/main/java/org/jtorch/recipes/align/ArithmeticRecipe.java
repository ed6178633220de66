package org.jtorch.recipes.align;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;

/// Made-up problems of arithmetic as conversations, whose answers a checker can judge: for experiments. No problem comes twice, so that stages of
/// one seed that skip what others take have none in common.
@Named("arithmetic")
public record ArithmeticRecipe(
    @Doc("names the stage, and its rows for later ones") String name,
    @Doc("the order of all problems") @Default("1") long seed,
    @Doc("how many rows are written") int rows,
    @Doc("so many problems of the order are left to others") @Default("0") int skip,
    @Doc("plus, minus and times") @Default("[plus]") List<Operation> operations,
    @Doc("the greatest number of a problem") @Default("30") int largest,
    @Doc("the greatest second number, for easier problems; unless given as `largest`") @Nullable Integer second,
    @Doc("share of the rows whose answer is one too many or too few: what is imitated is not always right, and a checker knows better")
    @Default("0") double slips) implements Stage {
  /// What is asked.
  public enum Operation {
    PLUS("+"), MINUS("-"), TIMES("*");

    private final String sign;

    Operation(String sign) {
      this.sign = sign;
    }

    int of(int a, int b) {
      return switch (this) {
        case PLUS -> a + b;
        case MINUS -> a - b;
        case TIMES -> a * b;
      };
    }

    String sign() {
      return sign;
    }
  }

  public ArithmeticRecipe {
    operations = List.copyOf(operations);
    if (operations.isEmpty()) {
      throw new IllegalArgumentException("`operations` is empty; e.g. operations: [plus, minus]");
    }
    if (largest < 1 || largest > 1_000) {
      throw new IllegalArgumentException("`largest` must be from 1 to 1000 but was " + largest + "; e.g. 30");
    }
    if (second != null && (second < 0 || second > largest)) {
      throw new IllegalArgumentException("`second` must be from 0 to `largest` (" + largest + ") but was " + second + "; e.g. 9");
    }
    if (!(slips >= 0 && slips <= 1)) {
      throw new IllegalArgumentException("`slips` must be from 0 to 1 but was " + slips + "; e.g. 0.5");
    }
    long all = problems(operations.size(), largest, second);
    if (rows < 1 || skip < 0 || (long) rows + skip > all) {
      throw new IllegalArgumentException("`rows` (" + rows + ") must be >= 1, `skip` (" + skip + ") >= 0, and both together at most " + all
          + ", all problems that there are with `largest: " + largest + "`" + (second == null ? "" : " and `second: " + second + "`"));
    }
  }

  private static long problems(int operations, int largest, @Nullable Integer second) {
    return (long) operations * (largest + 1) * ((second == null ? largest : second) + 1);
  }

  /// All problems that there are.
  long problems() {
    return problems(operations.size(), largest, second);
  }

  /// How many second numbers there are.
  int seconds() {
    return (second == null ? largest : second) + 1;
  }
}
