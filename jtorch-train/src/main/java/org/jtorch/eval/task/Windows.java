package org.jtorch.eval.task;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.jtorch.eval.Continuation;

/// A long text in pieces that fit into a model, each of its tokens predicted once: the rolling windows of lm-evaluation-harness.
///
/// The first window begins behind the start token. Of a later one the first tokens repeat the end of the one before, as context;
/// the last window, which has fewer tokens to predict, repeats more, so that it is as long as the others.
final class Windows {
  private Windows() {}

  /// @param start before the first token
  /// @param most tokens that go into the model at once
  /// @param context tokens that a window repeats at least, from 1 to `most`
  static List<Continuation> of(long[] ids, long start, int most, int context) {
    var windows = new ArrayList<Continuation>();
    int predicted = Math.min(most, ids.length);
    if (predicted == 0) {
      return windows;
    }
    windows.add(new Continuation(new long[] {start}, Arrays.copyOf(ids, predicted)));
    long[] all = LongStream.concat(LongStream.of(start), LongStream.of(ids)).toArray();    // all[i + 1] is ids[i]
    while (predicted < ids.length) {
      int fresh = Math.min(ids.length - predicted, most - context + 1);
      int end = predicted + fresh;
      windows.add(new Continuation(Arrays.copyOfRange(all, end - most, predicted + 1), Arrays.copyOfRange(ids, predicted, end)));
      predicted = end;
    }
    return windows;
  }
}
