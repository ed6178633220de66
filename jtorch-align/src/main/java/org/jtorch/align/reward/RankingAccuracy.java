package org.jtorch.align.reward;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.align.chats.PreferenceLevel;

/// The share of pairs that scores put in the order of the rankings: of all, and of each level of preference.
public final class RankingAccuracy {
  private final SequencedMap<String, List<Double>> right = new LinkedHashMap<>();
  private final String name;

  /// @param name of the share of all pairs; that of a level has the level's behind it
  RankingAccuracy(String name) {
    this.name = name;
  }

  /// Of all pairs; NaN if there are none.
  ///
  /// @param scores of every answer of every ranking, in their order
  public static double of(List<RankedRows> rankings, double[] scores) {
    return byLevel("all", rankings, scores).getOrDefault("all", Double.NaN);
  }

  /// Of all pairs, by the name, and of each level, with its words behind the name.
  ///
  /// @param scores of every answer of every ranking, in their order
  public static SequencedMap<String, Double> byLevel(String name, List<RankedRows> rankings, double[] scores) {
    var accuracy = new RankingAccuracy(name);
    int at = 0;
    for (var ranking : rankings) {
      int n = ranking.answers().size();
      var leads = new ArrayList<Double>();
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
          leads.add(scores[at + j] - scores[at + i]);
        }
      }
      accuracy.add(ranking, leads.stream().mapToDouble(d -> d).toArray(), 0);
      at += n;
    }
    return accuracy.shares();
  }

  /// Counts the pairs of a ranking.
  ///
  /// @param leads of the better answers over the worse ones
  /// @param at where those of this ranking begin
  void add(RankedRows ranking, double[] leads, int at) {
    PreferenceLevel level = ranking.level();
    for (int i = 0; i < ranking.pairs(); i++) {
      double one = leads[at + i] > 0 ? 1 : 0;
      right.computeIfAbsent(name, _ -> new ArrayList<>()).add(one);
      if (level != null) {
        right.computeIfAbsent(name + "_" + level.words().replace(' ', '_'), _ -> new ArrayList<>()).add(one);
      }
    }
  }

  SequencedMap<String, Double> shares() {
    var shares = new LinkedHashMap<String, Double>();
    right.forEach((which, all) -> shares.put(which, all.stream().mapToDouble(d -> d).average().orElse(Double.NaN)));
    return shares;
  }
}
