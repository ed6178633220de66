package org.jtorch.ffn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The two ways of sorting choices by expert.
class DispatchTest {
  @ParameterizedTest @CsvSource({"1, 1, 1", "1, 2, 4", "37, 2, 5", "64, 8, 64", "200, 3, 16"})
  void aDeviceSortsAsJavaCounts(int tokens, int active, int experts) {
    try (var _ = TensorScope.open()) {
      Tensor chosen = choices(tokens, active, experts);
      long before = TensorScope.stats().hostReads();
      var sorted = Dispatch.onDevice(chosen, experts);
      assertThat(TensorScope.stats().hostReads()).isEqualTo(before);
      var counted = Dispatch.counted(chosen, experts);
      assertThat(sorted.order().toLongs()).isEqualTo(counted.order().toLongs());
      assertThat(sorted.tokens().toLongs()).isEqualTo(counted.tokens().toLongs());
      assertThat(sorted.slots().toLongs()).isEqualTo(counted.slots().toLongs());
      assertThat(sorted.ends().dtype()).isEqualTo(counted.ends().dtype());
      assertThat(sorted.ends().toLongs()).isEqualTo(counted.ends().toLongs());
      before = TensorScope.stats().hostReads();
      for (int e = 0; e < experts; e++) {
        assertThat(sorted.start(e)).isEqualTo(counted.start(e));
        assertThat(sorted.count(e)).isEqualTo(counted.count(e));
      }
      assertThat(TensorScope.stats().hostReads()).isEqualTo(before + 1);       // asked once, and only by who runs experts one by one
    }
  }

  /// Different experts for every token, of which the last is never chosen if another is there.
  private static Tensor choices(int tokens, int active, int experts) {
    var random = new Random(tokens);
    int used = Math.max(active, experts - 1);
    var ids = new long[tokens * active];
    for (int n = 0; n < tokens; n++) {
      int first = random.nextInt(used);
      for (int j = 0; j < active; j++) {
        ids[n * active + j] = (first + (long) j) % used;
      }
    }
    return Ops.of(ids, Device.CPU, tokens, active);
  }
}
