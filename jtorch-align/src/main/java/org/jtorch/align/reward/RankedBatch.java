package org.jtorch.align.reward;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.align.chats.Grades;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.data.TokenRow;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Rankings as one batch: every answer is a row once, and pairs point at them.
///
/// @param pairs row numbers of the better answers, then of the worse ones, `2p` of them
/// @param certainty that the better one is better, `p`
/// @param margin by which it should lead, `p`
/// @param grades of each row, `rows * 4`; [Grades#UNKNOWN] where there is none
@SuppressWarnings("ArrayRecordComponent") // goes into tensors, never compared
record RankedBatch(Batch rows, long[] pairs, float[] certainty, float[] margin, long[] grades) {
  static RankedBatch of(List<RankedRows> rankings, Ranking ranking, Collator collator) {
    var rows = new ArrayList<TokenRow>();
    var better = new ArrayList<Long>();
    var worse = new ArrayList<Long>();
    var certainty = new ArrayList<Double>();
    var margin = new ArrayList<Double>();
    var grades = IntStream.builder();
    for (var one : rankings) {
      int first = rows.size();
      for (int i = 0; i < one.answers().size(); i++) {
        var answer = one.answers().get(i);
        require(answer.row(), collator);
        rows.add(answer.row());
        for (int g = 0; g < Grades.NAMES.size(); g++) {
          grades.add(answer.grades() == null ? Grades.UNKNOWN : answer.grades().values()[g]);
        }
        for (int j = 0; j < i; j++) {
          better.add((long) first + j);
          worse.add((long) first + i);
          certainty.add(ranking.certainty(one.level()));
          margin.add(ranking.margin(one.level(), one.margin()));
        }
      }
    }
    better.addAll(worse);
    return new RankedBatch(collator.batch(rows), better.stream().mapToLong(l -> l).toArray(), floats(certainty), floats(margin),
        grades.build().asLongStream().toArray());
  }

  private static void require(TokenRow row, Collator collator) {
    if (row.ids().length > collator.maxLength()) {
      throw new IllegalArgumentException("an answer has " + row.ids().length + " tokens with its prompt but batches are at most "
          + collator.maxLength() + " long, which would cut its end; encode with `max_tokens` of " + collator.maxLength());
    }
  }

  private static float[] floats(List<Double> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i).floatValue();
    }
    return floats;
  }

  int count() {
    return certainty.length;
  }

  /// Scores of the better answers, then of the worse ones. scores `[rows, 1]`; result `[2p]`
  Tensor paired(Tensor scores) {
    return scores.reshape(-1).indexSelect(0, Ops.of(pairs, scores.device(), pairs.length));
  }

  /// True for tokens, false for padding, whatever the padding's id is. bool `[rows, T]`
  static Tensor mask(Batch rows, Device device) {
    return Ops.of(Arrays.stream(rows.segmentIds()).mapToLong(s -> s >= 0 ? 1 : 0).toArray(), device, rows.rows(), rows.seqLen()).eq(1);
  }

  /// The summed cross-entropy of the grades that are known. logits `[rows, 4, 3]`; result a scalar
  Tensor gradeLoss(Tensor logits) {
    Tensor classes = Ops.of(grades, logits.device(), rows.rows(), Grades.NAMES.size());
    Tensor known = classes.ge(0).to(logits.dtype());
    Tensor picked = logits.logSoftmax(2, DType.F32).gather(2, Ops.clampMin(classes, 0).unsqueeze(2)).squeeze(2);
    return picked.mul(known.to(DType.F32)).sum().neg();
  }
}
