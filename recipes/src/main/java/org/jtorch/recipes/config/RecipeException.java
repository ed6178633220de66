package org.jtorch.recipes.config;

import java.util.Comparator;
import java.util.List;

/// A recipe that cannot be used, with every problem in it, sorted by line. The command line exits with 2.
public final class RecipeException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;
  private static final int WIDEST = 48;

  private final transient List<Problem> problems;

  public RecipeException(String recipe, List<Problem> problems) {
    var sorted = sort(recipe, problems);
    super(render(recipe, sorted));
    this.problems = sorted;
  }

  /// The problems in the order of the message.
  public List<Problem> problems() {
    return problems;
  }

  private static List<Problem> sort(String recipe, List<Problem> problems) {
    return problems.stream().distinct()
        .sorted(Comparator.comparing((Problem p) -> !p.file().equals(recipe)).thenComparing(p -> p)).toList();
  }

  private static String render(String recipe, List<Problem> problems) {
    int place = 0;
    int path = 0;
    for (var p : problems) {
      place = Math.max(place, p.position(recipe).length());
      path = Math.max(path, p.path().length());
    }
    var s = new StringBuilder("recipe ").append(recipe).append(": ").append(problems.size())
        .append(problems.size() == 1 ? " problem\n" : " problems\n");
    for (var p : problems) {
      s.append("  ").append(pad(p.position(recipe), place)).append("  ");
      if (path > 0) s.append(pad(p.path(), Math.min(path, WIDEST))).append("  ");
      s.append(p.message().strip().replace("\n", "\n    ")).append('\n');
    }
    return s.append("nothing was started; exit 2").toString();
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }
}
