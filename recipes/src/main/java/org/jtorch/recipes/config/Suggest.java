package org.jtorch.recipes.config;

import java.util.Collection;
import java.util.Locale;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// "Did you mean": the nearest of the valid names.
public final class Suggest {
  private Suggest() {}

  /// The nearest name by edit distance (a swap of neighbours counts once), or null if none is near.
  public static @Nullable String nearest(String word, Collection<String> names) {
    if (word.length() > 200) return null;
    String best = null;
    int least = Math.max(1, Math.min(4, (word.length() + 1) * 2 / 5)) + 1;
    for (String name : new TreeSet<>(names)) {
      int d = distance(word.toLowerCase(Locale.ROOT), name.toLowerCase(Locale.ROOT));
      if (d < least) {
        least = d;
        best = name;
      }
    }
    return best;
  }

  /// `; did you mean "x"?` or, with nothing near, `; one of: x, y, z`.
  public static String hint(String word, Collection<String> names) {
    String near = nearest(word, names);
    if (near != null) return "; did you mean \"" + near + "\"?";
    return names.isEmpty() ? "" : "; one of: " + String.join(", ", names);
  }

  private static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int change = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        d[i][j] = Math.min(change, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
