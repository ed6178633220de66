package org.jtorch.align.policy;

import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.rollout.Answer;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.data.TokenRow;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.train.BatchTensors;

/// Prompts with their answers as a batch, and where each answer's tokens are: the position before a token predicts it.
///
/// Answers to one prompt share its computation where that is less: a row is `[prompt][answer][answer]`, of which the answers do not see
/// each other and have the positions that they would have alone. The prompt's last token, which predicts how an answer begins, stands at
/// the beginning of each. Each number is what separate rows give, up to rounding.
///
/// @param rows targets are the answers' tokens
/// @param trunks of each token of a row: 0, the prompt, for those of an answer, else -1; null where each answer has a row
/// @param places where among all positions each answer's first token is predicted; those of the others follow
/// @param lengths tokens of each answer
@SuppressWarnings("ArrayRecordComponent") // goes into tensors, never compared
record AnswerLayout(Batch rows, int @Nullable [] trunks, int[] places, int[] lengths) {
  private static final double WORTH = 0.85;                          // rows of another form cost, too: a mask of their own
  /// A row this long spends as much on attention as on its products, in small models; larger ones spend less.
  private static final double ATTENTION = 4096;

  /// @param branches whether the models may read rows with several answers
  /// @throws IllegalArgumentException for an answer that the collator would cut
  static AnswerLayout of(List<Answer> answers, Collator collator, boolean branches) {
    for (var answer : answers) {
      int length = answer.prompt().tokens().length + answer.length();
      if (length > collator.maxLength()) {
        throw new IllegalArgumentException("an answer has " + length + " tokens with its prompt but batches are at most " + collator.maxLength()
            + " long, which would cut its end; allow as many, or fewer new tokens");
      }
    }
    var groups = groups(answers);
    return branches && pays(answers, groups, collator) ? branched(answers, groups, collator) : separate(answers, collator);
  }

  private static AnswerLayout separate(List<Answer> answers, Collator collator) {
    var rows = collator.batch(answers.stream().map(a -> TokenRow.of(a.prompt().tokens(), a.generation().tokens())).toList());
    int[] places = IntStream.range(0, answers.size()).map(r -> r * rows.seqLen() + answers.get(r).prompt().tokens().length - 1).toArray();
    return new AnswerLayout(rows, null, places, lengths(answers));
  }

  private static int[] lengths(List<Answer> answers) {
    return answers.stream().mapToInt(Answer::length).toArray();
  }

  /// The numbers of the answers to each prompt.
  private static List<List<Integer>> groups(List<Answer> answers) {
    var groups = new LinkedHashMap<LongBuffer, List<Integer>>();
    for (int i = 0; i < answers.size(); i++) {
      groups.computeIfAbsent(LongBuffer.wrap(answers.get(i).prompt().tokens()), _ -> new ArrayList<>()).add(i);
    }
    return List.copyOf(groups.values());
  }

  private static boolean pays(List<Answer> answers, List<List<Integer>> groups, Collator collator) {
    int longest = answers.stream().mapToInt(a -> a.prompt().tokens().length + a.length()).max().orElse(1);
    return cost(groups.size(), seqLen(answers, groups, collator)) <= WORTH * cost(answers.size(), collator.rounded(longest));
  }

  private static double cost(int rows, int length) {
    return (double) rows * length * (1 + length / ATTENTION);
  }

  private static int seqLen(List<Answer> answers, List<List<Integer>> groups, Collator collator) {
    return collator.rounded(groups.stream()
        .mapToInt(g -> trunk(answers, g) + g.stream().mapToInt(i -> answers.get(i).length()).sum()).max().orElse(1));
  }

  private static int trunk(List<Answer> answers, List<Integer> group) {
    return answers.get(group.getFirst()).prompt().tokens().length - 1;
  }

  private static AnswerLayout branched(List<Answer> answers, List<List<Integer>> groups, Collator collator) {
    int seqLen = seqLen(answers, groups, collator);
    int size = Math.multiplyExact(groups.size(), seqLen);
    long learned = answers.stream().mapToLong(Answer::length).sum();
    var rows = new Batch(groups.size(), seqLen, new long[size], new long[size], new int[size], new int[size], learned);
    int[] trunks = new int[size];
    int[] places = new int[answers.size()];
    Arrays.fill(rows.targets(), Batch.IGNORE);
    Arrays.fill(rows.segmentIds(), -1);
    Arrays.fill(trunks, -1);
    for (int r = 0; r < groups.size(); r++) {
      int trunk = trunk(answers, groups.get(r));
      long[] prompt = answers.get(groups.get(r).getFirst()).prompt().tokens();
      int at = r * seqLen;
      for (int i = 0; i < trunk; i++) {
        put(rows, at + i, prompt[i], 0, i);
      }
      at += trunk;
      int segment = 1;
      for (int number : groups.get(r)) {
        long[] tokens = answers.get(number).generation().tokens();
        places[number] = at;
        for (int t = 0; t < tokens.length; t++) {
          put(rows, at + t, t == 0 ? prompt[trunk] : tokens[t - 1], segment, trunk + t);
          rows.targets()[at + t] = tokens[t];
          trunks[at + t] = 0;
        }
        at += tokens.length;
        segment++;
      }
    }
    return new AnswerLayout(rows, trunks, places, lengths(answers));
  }

  private static void put(Batch rows, int at, long token, int segment, int position) {
    rows.tokens()[at] = token;
    rows.segmentIds()[at] = segment;
    rows.positions()[at] = position;
  }

  BatchTensors input(Device device) {
    return trunks == null ? BatchTensors.of(rows, device) : BatchTensors.of(rows, trunks, device);
  }

  /// Tokens of the longest answer.
  int width() {
    return Math.max(1, Arrays.stream(lengths).max().orElse(1));
  }

  /// What stands at the answers' tokens, a row for each answer, 0 behind its end. `[n, width]`
  ///
  /// @param all a number for each position, `[rows, T]` or `[rows * T]`
  Tensor answers(Tensor all) {
    int width = width();
    long[] at = new long[lengths.length * width];
    for (int r = 0; r < lengths.length; r++) {
      for (int t = 0; t < lengths[r]; t++) {
        at[r * width + t] = places[r] + (long) t;
      }
    }
    return all.reshape(-1).indexSelect(0, Ops.of(at, all.device(), at.length)).view(lengths.length, width).mul(mask(all.device()).to(all.dtype()));
  }

  /// Numbers of answers' tokens, 0 behind an answer's end. `[n, width]`
  ///
  /// @param values of each answer, one for each of its tokens
  Tensor spread(List<float[]> values, Device device) {
    int width = width();
    float[] all = new float[lengths.length * width];
    for (int r = 0; r < lengths.length; r++) {
      System.arraycopy(values.get(r), 0, all, r * width, lengths[r]);
    }
    return Ops.of(all, device, lengths.length, width);
  }

  /// 1 at each token of an answer, else 0. `[n, width]`
  Tensor mask(Device device) {
    int width = width();
    float[] all = new float[lengths.length * width];
    for (int r = 0; r < lengths.length; r++) {
      Arrays.fill(all, r * width, r * width + lengths[r], 1);
    }
    return Ops.of(all, device, lengths.length, width);
  }

  /// The numbers of each answer's tokens.
  ///
  /// @param all a number for each position, `[rows, T]` or `[rows * T]`
  List<float[]> gather(Tensor all) {
    double[] numbers = all.toDoubles();
    return IntStream.range(0, lengths.length).mapToObj(r -> {
      float[] of = new float[lengths[r]];
      for (int t = 0; t < of.length; t++) {
        of[t] = (float) numbers[places[r] + t];
      }
      return of;
    }).toList();
  }
}
