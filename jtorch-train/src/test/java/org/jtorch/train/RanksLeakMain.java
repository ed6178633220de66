package org.jtorch.train;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;

/// One of the ranks of a few rounds of training, which prints the native objects alive after each; see [LeakMain].
final class RanksLeakMain {
  private static final int ROUNDS = 4;

  private RanksLeakMain() {}

  public static void main(String[] args) {
    try (var ranks = Ranks.join(System.getenv())) {
      for (var dtype : new DType[] {DType.F32, DType.BF16}) {
        for (int round = 0; round < ROUNDS; round++) {
          try (var model = Tiny.model(dtype, 1); var optimizer = Tiny.adam(model)) {
            new Pretrainer(model, optimizer, Tiny.batches(4), Tiny.options(2).withAccumulate(2).withEvery(1, 1), ranks)
                .fit(Progress.START, new PretrainerTest.Recorder(), Tiny.NO_HOOKS);
          }
          print(dtype.toString());
        }
      }
    }
    print("closed");
  }

  private static void print(String name) {
    var stats = TensorScope.stats();
    System.out.println(name + " " + stats.live() + " " + stats.nativeObjects());
  }
}
