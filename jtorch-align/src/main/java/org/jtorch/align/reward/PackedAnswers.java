package org.jtorch.align.reward;

import java.util.Arrays;
import java.util.List;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.train.BatchTensors;

/// Rankings with a row each: what all answers begin with, and then their rests, `[prompt][answer][answer][answer]` (Llama 3,
/// arXiv:2407.21783, section 4.1.2). Here the answers do not see each other and have the positions that they would have alone, so that scores are
/// those of separate rows up to rounding.
///
/// @param trunks of each token: 0 for those of an answer, else -1
/// @param ends the place of each answer's last token among all, `answers`
@SuppressWarnings("ArrayRecordComponent") // goes into tensors, never compared
record PackedAnswers(Batch rows, int[] trunks, long[] ends) {
  private static final double WORTH = 0.85;                          // rows of another form cost, too: a mask of their own

  /// Whether rows with shared prompts, padding included, are so much less than separate ones.
  static boolean pays(List<RankedRows> rankings, Collator collator) {
    int apart = rankings.stream().flatMap(r -> r.answers().stream()).mapToInt(a -> ids(a).length).max().orElse(0);
    long answers = rankings.stream().mapToLong(r -> r.answers().size()).sum();
    return (double) seqLen(rankings, collator) * rankings.size() <= WORTH * answers * Math.min(collator.maxLength(), collator.rounded(apart));
  }

  private static int seqLen(List<RankedRows> rankings, Collator collator) {
    return collator.rounded(rankings.stream().mapToInt(PackedAnswers::length).max().orElse(1));
  }

  private static int length(RankedRows ranking) {
    int trunk = trunk(ranking);
    return trunk + ranking.answers().stream().mapToInt(a -> ids(a).length - trunk).sum();
  }

  /// Tokens that all answers begin with; each has one of its own at least.
  private static int trunk(RankedRows ranking) {
    long[] first = ids(ranking.answers().getFirst());
    int same = first.length - 1;
    for (var answer : ranking.answers()) {
      int differs = Arrays.mismatch(first, ids(answer));
      same = Math.min(same, Math.min(differs < 0 ? first.length : differs, ids(answer).length - 1));
    }
    return Math.max(0, same);
  }

  private static long[] ids(RankedRows.Answer answer) {
    return answer.row().ids();
  }

  static PackedAnswers of(List<RankedRows> rankings, Collator collator) {
    int seqLen = seqLen(rankings, collator);
    int size = Math.multiplyExact(rankings.size(), seqLen);
    var rows = new Batch(rankings.size(), seqLen, new long[size], new long[size], new int[size], new int[size], 0);
    int[] trunks = new int[size];
    Arrays.fill(rows.targets(), Batch.IGNORE);
    Arrays.fill(rows.segmentIds(), -1);
    Arrays.fill(trunks, -1);
    var ends = new long[rankings.stream().mapToInt(r -> r.answers().size()).sum()];
    int answer = 0;
    for (int r = 0; r < rankings.size(); r++) {
      int trunk = trunk(rankings.get(r));
      int at = r * seqLen;
      put(rows, ids(rankings.get(r).answers().getFirst()), 0, trunk, at, 0);
      at += trunk;
      for (int i = 0; i < rankings.get(r).answers().size(); i++) {
        long[] ids = ids(rankings.get(r).answers().get(i));
        put(rows, ids, trunk, ids.length, at, 1 + i);
        Arrays.fill(trunks, at, at + ids.length - trunk, 0);
        at += ids.length - trunk;
        ends[answer++] = at - 1L;
      }
    }
    return new PackedAnswers(rows, trunks, ends);
  }

  private static void put(Batch rows, long[] ids, int from, int to, int at, int segment) {
    for (int i = from; i < to; i++) {
      rows.tokens()[at + i - from] = ids[i];
      rows.segmentIds()[at + i - from] = segment;
      rows.positions()[at + i - from] = i;
    }
  }

  /// The hidden state at each answer's last token. `[answers, C]`
  Tensor hidden(DecoderClassifier model, Pass pass) {
    var input = BatchTensors.of(rows, trunks, model.device());
    Tensor all = model.trunk().hidden(input.tokens(), input.on(pass), null);            // [rows, T, C]
    return all.reshape(-1, all.size(2)).indexSelect(0, Ops.of(ends, all.device(), ends.length));
  }
}
