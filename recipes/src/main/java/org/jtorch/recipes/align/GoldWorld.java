package org.jtorch.recipes.align;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jtorch.align.chats.Grades;
import org.jtorch.align.chats.PreferenceLevel;

/// A language of letters in which it is known what an answer is worth: four aspects, as many as AFM grades, each a sum over the answer's letters,
/// divided by the root of their number. The first counts letters of the prompt, the others have a value for every letter, drawn once.
///
/// For experiments whose outcome has to be judged by the truth and not by a label.
final class GoldWorld {
  private static final int LETTERS = 26;
  private static final int NO_LETTER = -1;
  private static final int PROMPT = 4;
  private static final int SAMPLE = 4_000;
  /// Standard deviations below which a quarter, a half and three quarters of a normal distribution's differences lie, without their sign.
  private static final double[] QUARTERS = {0.3186, 0.6745, 1.1503};
  private static final double TERCILE = 0.4307;

  private final double[][] values = new double[Grades.NAMES.size()][LETTERS];
  private final int fewest;
  private final int most;
  private final double spread;
  private final double[] mean = new double[Grades.NAMES.size()];
  private final double[] deviation = new double[Grades.NAMES.size()];

  /// @param fewest letters of an answer
  /// @param most letters of an answer
  /// @param seed what the values follow from
  GoldWorld(int fewest, int most, long seed) {
    this.fewest = fewest;
    this.most = most;
    var random = new Random(seed);
    for (int a = 1; a < values.length; a++) {
      values[a] = random.doubles(LETTERS, -1.7, 1.7).toArray();
    }
    var differences = new double[SAMPLE];
    var aspects = new double[values.length][SAMPLE];
    for (int i = 0; i < SAMPLE; i++) {
      int[] prompt = letters(random, PROMPT);
      double[] one = aspects(prompt, answer(random));
      differences[i] = sum(one) - sum(aspects(prompt, answer(random)));
      for (int a = 0; a < one.length; a++) {
        aspects[a][i] = one[a];
      }
    }
    this.spread = Math.sqrt(Arrays.stream(differences).map(d -> d * d).average().orElseThrow());
    for (int a = 0; a < values.length; a++) {
      double m = Arrays.stream(aspects[a]).average().orElseThrow();
      mean[a] = m;
      deviation[a] = Math.sqrt(Arrays.stream(aspects[a]).map(v -> (v - m) * (v - m)).average().orElseThrow());
    }
  }

  private static int[] letters(Random random, int count) {
    return random.ints(count, 0, LETTERS).toArray();
  }

  private int[] answer(Random random) {
    return letters(random, random.nextInt(fewest, most + 1));
  }

  private double[] aspects(int[] prompt, int[] answer) {
    double root = Math.sqrt(answer.length);
    double[] aspects = new double[values.length];
    for (int letter : answer) {
      if (letter == NO_LETTER) {
        continue;
      }
      aspects[0] += (IntStream.of(prompt).anyMatch(p -> p == letter) ? 2.5 : 0) / root;
      for (int a = 1; a < aspects.length; a++) {
        aspects[a] += values[a][letter] / root;
      }
    }
    return aspects;
  }

  private static double sum(double[] aspects) {
    return Arrays.stream(aspects).sum();
  }

  /// What an answer is worth, in deviations of the differences of random answers. What is no letter is worth nothing.
  double worth(String prompt, String answer) {
    int[] said = codes(answer);
    return said.length == 0 ? Double.NaN : sum(aspects(codes(prompt), said)) / spread;
  }

  private static int[] codes(String text) {
    return text.isBlank() ? new int[0] : Arrays.stream(text.strip().split("\\s+"))
        .mapToInt(word -> word.length() == 1 && word.charAt(0) >= 'a' && word.charAt(0) <= 'z' ? word.charAt(0) - 'a' : NO_LETTER).toArray();
  }

  /// A judgement of two answers, by an annotator who sees their difference with some noise, and says how clear it is in four levels, each of
  /// a quarter of the pairs; of the aspects of each answer the worst, the middle or the best third.
  ///
  /// @param noise the noise's deviation, in deviations of the differences; its third is that of the grades
  /// @param flipped whether the annotator takes the worse for the better one
  ObjectNode judgement(Random random, double noise, boolean flipped) {
    int[] prompt = letters(random, PROMPT);
    int[] one = answer(random);
    int[] other = answer(random);
    double[] first = aspects(prompt, one);
    double[] second = aspects(prompt, other);
    double seen = (sum(first) - sum(second)) / spread + noise * random.nextGaussian();
    boolean better = seen > 0 != flipped;
    var row = JsonNodeFactory.instance.objectNode().put("prompt", text(prompt)).put("chosen", text(better ? one : other))
        .put("rejected", text(better ? other : one)).put("level", level(Math.abs(seen) / Math.sqrt(1 + noise * noise)).words());
    row.set("chosen_grades", grades(better ? first : second, noise / 3, random));
    row.set("rejected_grades", grades(better ? second : first, noise / 3, random));
    return row;
  }

  private static PreferenceLevel level(double clear) {
    int above = (int) Arrays.stream(QUARTERS).filter(q -> clear > q).count();
    return PreferenceLevel.values()[QUARTERS.length - above];
  }

  private ObjectNode grades(double[] aspects, double noise, Random random) {
    var grades = JsonNodeFactory.instance.objectNode();
    for (int a = 0; a < aspects.length; a++) {
      double seen = (aspects[a] - mean[a]) / deviation[a] + noise * random.nextGaussian();
      grades.put(Grades.NAMES.get(a), seen < -TERCILE ? 0 : seen < TERCILE ? 1 : 2);
    }
    return grades;
  }

  /// A conversation to imitate: the best of some answers.
  ///
  /// @param of how many
  ObjectNode conversation(Random random, int of) {
    int[] prompt = letters(random, PROMPT);
    int[] best = answer(random);
    for (int i = 1; i < of; i++) {
      int[] other = answer(random);
      best = sum(aspects(prompt, other)) > sum(aspects(prompt, best)) ? other : best;
    }
    return JsonNodeFactory.instance.objectNode().put("prompt", text(prompt)).put("completion", text(best));
  }

  /// Letters apart, so that each is a token.
  private static String text(int[] letters) {
    return IntStream.of(letters).mapToObj(l -> Character.toString('a' + l)).collect(Collectors.joining(" "));
  }
}
