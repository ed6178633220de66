package org.jtorch.io;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/// Finds the names that a misspelt or renamed one was likely meant to be.
final class NearNames {
  private static final int LIMIT = 200;

  private NearNames() {}

  /// Up to `count` of `known`, nearest first; names that share less than half of their letters are left out.
  static List<String> of(String name, Collection<String> known, int count) {
    record Scored(String name, int distance) {}
    return known.stream()
        .map(other -> new Scored(other, distance(name, other)))
        .filter(it -> 2 * it.distance < Math.max(name.length(), it.name.length()))
        .sorted(Comparator.comparingInt(Scored::distance).thenComparing(Scored::name))
        .limit(count)
        .map(Scored::name)
        .toList();
  }

  /// "; did you mean a or b?", or nothing when no name is near.
  static String hint(String name, Collection<String> known) {
    var near = of(name, known, 3);
    return near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
  }

  /// `text` fit for a terminal, whatever a file put into it: no control characters, and not endless.
  static String printable(String text) {
    var shown = text.length() <= 1000 ? text : text.substring(0, 1000) + "...";
    return shown.replaceAll("\\p{Cntrl}", "?");
  }

  /// Levenshtein distance between what is left when the common head and tail are cut off.
  static int distance(String a, String b) {
    int head = 0;
    int endA = a.length();
    int endB = b.length();
    while (head < endA && head < endB && a.charAt(head) == b.charAt(head)) {
      head++;
    }
    while (endA > head && endB > head && a.charAt(endA - 1) == b.charAt(endB - 1)) {
      endA--;
      endB--;
    }
    if (endA == head || endB == head || endA - head > LIMIT || endB - head > LIMIT) {
      return Math.max(endA, endB) - head;
    }
    return levenshtein(a.substring(head, endA), b.substring(head, endB));
  }

  private static int levenshtein(String a, String b) {
    var row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
