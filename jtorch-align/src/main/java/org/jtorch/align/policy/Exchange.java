package org.jtorch.align.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.generate.Generation;
import org.jtorch.tensor.ranks.Ranks;

/// Gives every process the experiences of all: each puts its own into a table that is 0 elsewhere, and the tables are added up.
///
/// @param parts rewards of an answer
record Exchange(Rollouts rollouts, int parts, boolean referenced, boolean judged, Ranks ranks) {
  private static final int HEAD = 3;                                                     // length, stopped, reward

  List<Experience> all(List<Prompt> prompts, List<Experience> mine) {
    int k = rollouts.answers();
    int most = rollouts.sampling().maxNewTokens();
    int width = HEAD + parts + most * columns();
    double[] table = new double[Math.multiplyExact(prompts.size() * k, width)];
    int at = (int) ((long) prompts.size() * ranks.rank() / ranks.size()) * k * width;
    for (var experience : mine) {
      put(experience, table, at, most);
      at += width;
    }
    double[] known = ranks.sum(table);
    var all = new ArrayList<Experience>();
    for (int i = 0; i < prompts.size() * k; i++) {
      all.add(get(prompts.get(i / k), known, i * width, most));
    }
    return all;
  }

  private int columns() {
    return 4 + (referenced ? 1 : 0) + (judged ? 1 : 0);
  }

  private void put(Experience e, double[] table, int at, int most) {
    table[at] = e.length();
    table[at + 1] = e.answer().isComplete() ? 1 : 0;
    table[at + 2] = e.reward();
    System.arraycopy(e.parts(), 0, table, at + HEAD, parts);
    int column = at + HEAD + parts;
    var generation = e.answer().generation();
    for (int t = 0; t < e.length(); t++) {
      table[column + t] = generation.tokens()[t];
    }
    for (float[] numbers : List.of(generation.logProbs(), generation.drawnLogProbs(), e.old(), e.reference(), e.values())) {
      if (numbers.length > 0) {
        column += most;
        for (int t = 0; t < numbers.length; t++) {
          table[column + t] = numbers[t];
        }
      }
    }
  }

  private Experience get(Prompt prompt, double[] table, int at, int most) {
    int n = (int) table[at];
    int column = at + HEAD + parts;
    long[] tokens = new long[n];
    for (int t = 0; t < n; t++) {
      tokens[t] = (long) table[column + t];
    }
    var generation = new Generation(tokens, floats(table, column + most, n), floats(table, column + 2 * most, n), table[at + 1] == 1);
    int last = column + 4 * most;
    return new Experience(rollouts.answer(prompt, generation), Arrays.copyOfRange(table, at + HEAD, at + HEAD + parts), table[at + 2],
        floats(table, column + 3 * most, n), referenced ? floats(table, last, n) : new float[0],
        judged ? floats(table, last + (referenced ? most : 0), n) : new float[0]);
  }

  private static float[] floats(double[] table, int from, int n) {
    float[] numbers = new float[n];
    for (int t = 0; t < n; t++) {
      numbers[t] = (float) table[from + t];
    }
    return numbers;
  }
}
