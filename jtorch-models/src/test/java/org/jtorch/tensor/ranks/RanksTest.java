package org.jtorch.tensor.ranks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RanksTest {
  /// `[n]`, element i being i + 1000 (rank + 1).
  private static Tensor counted(Ranks ranks, long n) {
    return Ops.arange(0, n, Device.CPU).to(DType.F32).add(1000.0 * (ranks.rank() + 1));
  }

  @Test void tensorsSmallLargeAndStridedAreSummed() throws Exception {
    long large = Buckets.SIZE + 3;
    var answers = Together.run(2, ranks -> {
      var strided = counted(ranks, 6).view(2, 3).t();
      var all = List.of(counted(ranks, 5), Ops.empty(DType.F32, Device.CPU, 0), counted(ranks, large), counted(ranks, Buckets.SIZE - 1),
          counted(ranks, 7).to(DType.F64), strided, counted(ranks, 1).view());
      ranks.sum(all);
      return all.stream().map(t -> t.to(DType.F64).contiguous().toDoubles()).toList();
    });
    for (var sums : answers) {
      for (int k : new int[] {0, 2, 3, 4, 6}) {
        for (int i = 0; i < sums.get(k).length; i++) {
          assertThat(sums.get(k)[i]).as("tensor %s at %s", k, i).isEqualTo((float) (2.0 * i + 3000));
        }
      }
      assertThat(sums.get(1)).isEmpty();
      assertThat(sums.get(5)).containsExactly(3000, 3006, 3002, 3008, 3004, 3010);
    }
  }

  @ParameterizedTest @ValueSource(ints = {2, 3}) void everyRankHasTheSameBitsEveryTime(int size) throws Exception {
    var first = Together.run(size, RanksTest::noise);
    var second = Together.run(size, RanksTest::noise);
    first.forEach(a -> assertThat(a).isEqualTo(first.getFirst()));
    second.forEach(a -> assertThat(a).isEqualTo(first.getFirst()));
    assertThat(Arrays.stream(first.getFirst()).distinct().count()).isGreaterThan(1000);
  }

  private static double[] noise(Ranks ranks) {
    var t = Rng.of(ranks.rank()).normal(0, 1, DType.F32, Device.CPU, 4001);
    ranks.sum(List.of(t));
    return t.to(DType.F64).toDoubles();
  }

  @Test void broadcastKeepsEveryType() throws Exception {
    for (var dtype : List.of(DType.F32, DType.BF16, DType.F16, DType.F64, DType.I64, DType.BOOL)) {
      var answers = Together.run(2, ranks -> {
        var t = Ops.full(ranks.rank(), dtype, Device.CPU, 2, 3);
        ranks.broadcast(List.of(t), 1);
        return t.to(DType.F64).toDoubles();
      });
      assertThat(answers).as("%s", dtype).allSatisfy(a -> assertThat(a).containsExactly(1, 1, 1, 1, 1, 1));
    }
  }

  @Test void numbersInDoublePrecision() throws Exception {
    var answers = Together.run(3, ranks -> {
      double mine = ranks.rank() == 1 ? Double.NaN : 1e-17;
      ranks.barrier();
      return List.of(ranks.sum(1.0 / 3, mine), ranks.max(ranks.rank(), -ranks.rank()), ranks.ofFirst(7 + ranks.rank(), mine));
    });
    assertThat(answers).allSatisfy(a -> {
      assertThat(a.get(0)).containsExactly(1.0 / 3 + 1.0 / 3 + 1.0 / 3, Double.NaN);
      assertThat(a.get(1)).containsExactly(2, 0);
      assertThat(a.get(2)).containsExactly(7, 1e-17);
    });
  }

  @Test void whoLeavesEndsTheOthersWithItsName() throws Exception {
    var answers = Together.run(2, ranks -> {
      ranks.barrier();
      if (ranks.rank() == 1) {
        return "left";
      }
      try {
        return Arrays.toString(ranks.sum(1));
      } catch (RanksException e) {
        assertThat(e.exitCode()).isEqualTo(RanksException.EXIT_CODE);
        return String.valueOf(e.getMessage());
      }
    });
    assertThat(answers.get(1)).isEqualTo("left");
    assertThat(answers.get(0)).startsWith("rank 1 is gone (").endsWith("), so rank 0 of 2 ends").doesNotContain("pair.cc");
  }

  @Test void sumsAreMadeInFullPrecision() throws Exception {
    Together.run(2, ranks -> {
      var half = Ops.zeros(DType.BF16, Device.CPU, 3);
      assertThatIllegalArgumentException().isThrownBy(() -> ranks.sum(List.of(half))).withMessageContaining("bf16")
          .withMessageContaining("to(DType.F32)");
      return 0;
    });
  }

  @Test void oneProcessNeedsNobody() {
    try (var alone = Ranks.join(Map.of()); var _ = TensorScope.open()) {
      assertThat(alone).isSameAs(Ranks.ALONE);
      assertThat(alone.isFirst()).isTrue();
      assertThat(alone.size()).isEqualTo(1);
      var t = Tensor.of(1, 2, 3f);
      alone.sum(List.of(t));
      alone.broadcast(List.of(t), 0);
      alone.barrier();
      assertThat(t.toFloats()).containsExactly(1, 2, 3);
      assertThat(alone.sum(4, 5)).containsExactly(4, 5);
      assertThat(alone.max(4)).containsExactly(4);
      assertThat(alone.ofFirst(6)).containsExactly(6);
    }
    try (var one = Ranks.join(Map.of("WORLD_SIZE", "1", "RANK", "0"))) {
      assertThat(one).isSameAs(Ranks.ALONE);
    }
  }

  @Test void anEnvironmentThatCannotBeIsRefused() {
    assertThatThrownBy(() -> Ranks.join(Map.of("WORLD_SIZE", "2"))).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("WORLD_SIZE=2").hasMessageContaining("RANK=0");
    assertThatThrownBy(() -> Ranks.join(Map.of("WORLD_SIZE", "2", "RANK", "2"))).hasMessageContaining("RANK is \"2\"")
        .hasMessageContaining("from 0 to 1");
    assertThatThrownBy(() -> Ranks.join(Map.of("WORLD_SIZE", "two"))).hasMessageContaining("WORLD_SIZE is \"two\"");
    var all = RankEnvironment.of(Map.of("WORLD_SIZE", "4", "RANK", "3", "LOCAL_RANK", "1", "MASTER_ADDR", "10.0.0.7", "MASTER_PORT", "6000",
        "TORCHELASTIC_USE_AGENT_STORE", "True", "TORCHELASTIC_RESTART_COUNT", "2"));
    assertThat(all).isEqualTo(new RankEnvironment(3, 4, 1, "10.0.0.7", 6000, true, "2"));
    assertThat(all.isLocal()).isFalse();
  }
}
