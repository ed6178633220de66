package org.jtorch.data;

import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Texts that are made up, for experiments whose outcome has to be known: the same ones for the same numbers.
///
/// @param size digits of a number, or the most letters that are repeated
/// @param least the fewest letters that are repeated; no matter for sums
public record Synthetic(Task task, long documents, int size, int least, long seed) implements TextSource {
  /// What the texts say.
  public enum Task {
    /// `37 + 48 = 85`: sums of two numbers of `size` digits, the digits apart so that each is a token.
    SUMS,
    /// ` k q x k q x k q`: letters, from `least` to `size` of them, again and again up to twice `size` letters, so that all but the first
    /// can be looked up.
    COPIES
  }

  public Synthetic {
    if (documents < 1) {
      throw new IllegalArgumentException("`documents` must be >= 1 but was " + documents + "; e.g. 5000");
    }
    if (size < 1 || task == Task.SUMS && size > 8) {
      throw new IllegalArgumentException("`size` must be >= 1, and for sums at most 8, but was " + size + "; e.g. 2");
    }
    if (task == Task.COPIES && (least < 1 || least > size)) {
      throw new IllegalArgumentException("`least` must be from 1 to size (" + size + ") but was " + least + "; e.g. " + size);
    }
  }

  @Override
  public List<SourceFile> files() {
    return List.of(new SourceFile(describe(), 0, 0, _ -> new Texts()));
  }

  @Override
  public String describe() {
    return documents + " made-up " + task.name().toLowerCase(Locale.ROOT) + " of size " + (task == Task.COPIES ? least + " to " : "") + size + ", seed " + seed;
  }

  private final class Texts implements DocumentReader {
    private final SplittableRandom random = new SplittableRandom(seed);
    private long made;

    @Override
    public @Nullable Document next() {
      if (made == documents) {
        return null;
      }
      made++;
      return new Document(switch (task) {
        case SUMS -> sum();
        case COPIES -> copy();
      }, place());
    }

    private String sum() {
      int least = (int) Math.pow(10, size - 1);
      int a = random.nextInt(least, 10 * least);
      int b = random.nextInt(least, 10 * least);
      return digits(a) + " +" + digits(b) + " =" + digits(a + b);
    }

    private static String digits(int number) {
      return Integer.toString(number).replaceAll("(\\d)", " $1");
    }

    private String copy() {
      int count = random.nextInt(least, size + 1);
      int[] letters = random.ints(count, 'a', 'z' + 1).toArray();
      var text = new StringBuilder();
      for (int i = 0; i < 2 * size; i++) {
        text.append(' ').append((char) letters[i % count]);
      }
      return text.toString();
    }

    @Override
    public String place() {
      return describe() + ", text " + made;
    }

    @Override
    public void close() {}
  }
}
