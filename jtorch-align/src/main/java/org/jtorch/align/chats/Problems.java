package org.jtorch.align.chats;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// Rows that were left out or changed: how many of each kind, and where the first of them are.
public final class Problems {
  private static final int SHOWN = 5;

  /// What can be the matter with a row.
  public enum Kind {
    BROKEN("broken, left out"),
    EMPTY("without an answer, left out"),
    EQUAL("with equal answers, left out"),
    DUPLICATE("repeated, left out"),
    REFUSED("refused by the chat template, left out"),
    TOO_LONG("too long, left out"),
    SHORTENED("without their oldest turns, which did not fit"),
    CUT("cut at their end");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    /// Whether rows of this kind are not used.
    public boolean leavesOut() {
      return this != SHORTENED && this != CUT;
    }
  }

  private final Map<Kind, Integer> counts = new EnumMap<>(Kind.class);
  private final Map<Kind, List<String>> first = new EnumMap<>(Kind.class);

  /// @param place `file:line`
  /// @param why in words that follow the place
  public void add(Kind kind, String place, String why) {
    counts.merge(kind, 1, Integer::sum);
    var shown = first.computeIfAbsent(kind, _ -> new ArrayList<>());
    if (shown.size() < SHOWN) {
      shown.add(place + " " + why);
    }
  }

  public int count(Kind kind) {
    return counts.getOrDefault(kind, 0);
  }

  /// Rows that are not used, of whatever kind.
  public int leftOut() {
    return counts.entrySet().stream().filter(e -> e.getKey().leavesOut()).mapToInt(Map.Entry::getValue).sum();
  }

  /// Places and reasons of the first rows of a kind.
  public List<String> first(Kind kind) {
    return List.copyOf(first.getOrDefault(kind, List.of()));
  }

  /// A line for each kind that there is, with the first places.
  public List<String> describe() {
    return counts.entrySet().stream().map(e -> {
      String more = e.getValue() > SHOWN ? "; ..." : "";
      return e.getValue() + (e.getValue() == 1 ? " row " : " rows ") + e.getKey().words + ": " + String.join("; ", first(e.getKey())) + more;
    }).toList();
  }
}
