package org.jtorch.align.committee;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jtorch.align.chats.PreferenceLevel;
import org.jtorch.align.sampling.Sampled;
import org.junit.jupiter.api.Test;

/// What papers say of a committee, on rewards that are made up: no model speaks here.
class WhoWonTest {
  private static Sampled said(double best) {
    boolean none = Double.isNaN(best);
    return new Sampled("p.jsonl:1", none ? null : JsonNodeFactory.instance.objectNode(), best, best - 1, "");
  }

  private static List<Sampled> rewards(double... best) {
    return Arrays.stream(best).mapToObj(WhoWonTest::said).toList();
  }

  private static WhoWon won(List<List<Sampled>> said) {
    return WhoWon.of(IntStream.range(0, said.size()).mapToObj(m -> "m" + m).toList(), said);
  }

  @Test void theBestAnswerWinsAndOfEqualOnesTheLowestMembers() {
    var won = won(List.of(rewards(1, 5, 2), rewards(3, 5, 2), rewards(3, 4, 1)));
    assertThat(won.winners()).containsExactly(1, 0, 0);
    assertThat(won.reward()).isCloseTo((3 + 5 + 2) / 3.0, within(1e-12));
    assertThat(won.scores()).extracting(WhoWon.Score::best).containsExactly(8 / 3.0, 10 / 3.0, 8 / 3.0);
    assertThat(won.scores()).extracting(WhoWon.Score::won).containsExactly(2 / 3.0, 1 / 3.0, 0.0);
    assertThat(won.scores().getFirst().mean()).isCloseTo(5 / 3.0, within(1e-12));
  }

  /// mean over x of max over m >= max over m of mean over x; equal iff one member is as good as the best everywhere.
  @Test void theCommitteeIsNeverWorseThanItsBestMemberAndOnlyEqualIfOneWinsEverywhere() {
    var random = new SplittableRandom(3);
    int equal = 0;
    for (int round = 0; round < 400; round++) {
      int prompts = 1 + random.nextInt(4);
      var said = new ArrayList<List<Sampled>>();
      for (int m = 0; m < 1 + random.nextInt(4) || said.isEmpty(); m++) {
        said.add(rewards(random.ints(prompts, 0, 5).asDoubleStream().toArray()));
      }
      var won = won(said);
      double bestMember = won.figures().getOrDefault("best_member", Double.NaN);
      assertThat(won.reward()).isGreaterThanOrEqualTo(bestMember);
      boolean oneEverywhere = said.stream().anyMatch(own -> IntStream.range(0, prompts)
          .allMatch(x -> said.stream().allMatch(other -> own.get(x).best() >= other.get(x).best())));
      assertThat(won.reward() == bestMember).isEqualTo(oneEverywhere);
      equal += oneEverywhere ? 1 : 0;
    }
    assertThat(equal).isBetween(50, 350);
  }

  @Test void membersAreComparedWhereAllHaveAnAnswer() {
    var won = won(List.of(rewards(1, Double.NaN, 2, Double.NaN), rewards(0, 9, Double.NaN, Double.NaN)));
    assertThat(won.winners()).containsExactly(0, 1, 0, WhoWon.NOBODY);
    assertThat(won.kept()).isEqualTo(3);
    assertThat(won.reward()).isEqualTo(1);
    assertThat(won.figures()).containsEntry("best_member", 1.0).containsEntry("kept", 0.75).containsEntry("won.m0", 2 / 3.0);
    assertThat(won(List.of(rewards(Double.NaN), rewards(1))).figures()).as("what nobody knows is left out").doesNotContainKey("reward");
  }

  @Test void theBestCandidatesAreKeptByTheirAnswersOrTheirHeadroom() {
    var candidates = new Candidates(List.of(rewards(1, 2), rewards(4, 4), rewards(4, 4), rewards(Double.NaN, Double.NaN), rewards(9, 1)));
    assertThat(candidates.best(Candidates.By.BEST, 3)).containsExactly(4, 1, 2);
    assertThat(candidates.best(Candidates.By.MEAN, 9)).containsExactly(4, 1, 2, 0, 3);
    assertThat(candidates.rewards(Candidates.By.MEAN)).startsWith(0.5, 3, 3, Double.NEGATIVE_INFINITY);
  }

  @Test void levelsFollowTheDifference() {
    var levels = new Levels(1.5, 1, 0.5, 0);
    assertThat(List.of(2.0, 1.5, 1.2, 0.5, 0.1).stream().map(levels::of)).containsExactly(PreferenceLevel.SIGNIFICANTLY_BETTER,
        PreferenceLevel.SIGNIFICANTLY_BETTER, PreferenceLevel.BETTER, PreferenceLevel.SLIGHTLY_BETTER, PreferenceLevel.NEGLIGIBLY_BETTER);
    assertThat(levels.noise(1, 5)).isZero();
    var noisy = new Levels(1.5, 1, 0.5, 2);
    assertThat(noisy.noise(1, 5)).isEqualTo(noisy.noise(1, 5)).isNotEqualTo(noisy.noise(1, 6));
    double[] noise = IntStream.range(0, 4_000).mapToDouble(x -> noisy.noise(7, x)).toArray();
    assertThat(Arrays.stream(noise).map(v -> v * v).average().orElseThrow()).isCloseTo(4, within(0.4));
    assertThatThrownBy(() -> new Levels(1, 1, 0.5, 0)).hasMessageContaining("levels must fall").hasMessageContaining("better: 1, slightly: 0.5");
    assertThatThrownBy(() -> new Levels(2, 1, 0.5, -1)).hasMessageContaining("`noise` must be >= 0");
  }

  @Test void everyPairOfMembersComesAlikeOften() {
    int[][] counts = new int[4][4];
    for (int x = 0; x < 12_000; x++) {
      var pairing = Pairing.of(4, 5, x);
      assertThat(pairing.one()).isNotEqualTo(pairing.other());
      assertThat(pairing).isEqualTo(Pairing.of(4, 5, x));
      counts[pairing.one()][pairing.other()]++;
    }
    for (int a = 0; a < 4; a++) {
      for (int b = 0; b < 4; b++) {
        assertThat((double) counts[a][b]).isCloseTo(a == b ? 0 : 1_000, within(150.0));
      }
    }
  }

  // ---- the whole loop

  /// Writes down what it is asked for.
  private static final class Calls implements TeachingRounds.Work<String, String, String> {
    final List<String> calls = new ArrayList<>();

    private String call(String what) {
      calls.add(what);
      return what.substring(0, what.indexOf('('));
    }

    @Override public String collect(int round, List<String> committee) {
      return call("pairs" + round + "(" + committee + ")");
    }

    @Override public String judge(int round, List<String> pairs) {
      return call("judge" + round + "(" + pairs + ")");
    }

    @Override public List<String> candidates(int round, String base, String judge, List<String> pairs) {
      call("train" + round + "(" + base + ", " + judge + ", " + pairs + ")");
      return List.of("rs" + round, "dpo" + round);
    }

    @Override public List<String> choose(int round, String judge, List<String> among) {
      call("choose" + round + "(" + judge + ", " + among + ")");
      return among.subList(among.size() - 2, among.size());
    }

    @Override public String distil(int round, String judge, List<String> committee, String base) {
      return call("taught" + round + "(" + judge + ", " + committee + ", " + base + ")");
    }
  }

  @Test void aRoundTrainsItsRewardModelBeforeItRanksAndTakesAllJudgements() {
    var calls = new Calls();
    assertThat(new TeachingRounds<>(calls).run("sft", List.of("sft", "other"), 2)).isEqualTo("taught2");
    assertThat(calls.calls).containsExactly(
        "pairs1([sft, other])", "judge1([pairs1])", "train1(sft, judge1, [pairs1])", "choose1(judge1, [sft, other, rs1, dpo1])",
        "taught1(judge1, [rs1, dpo1], sft)",
        "pairs2([rs1, dpo1])", "judge2([pairs1, pairs2])", "train2(taught1, judge2, [pairs1, pairs2])",
        "choose2(judge2, [rs1, dpo1, rs2, dpo2])", "taught2(judge2, [rs2, dpo2], taught1)");
    assertThatThrownBy(() -> new TeachingRounds<>(calls).run("sft", List.of("sft"), 0)).hasMessageContaining("`rounds` must be >= 1 but was 0");
  }
}
