package org.jtorch.align.warp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.preference.OnlineDpoTrainer;
import org.jtorch.align.preference.OnlineDpoTrainerTest;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.merge.Merging;
import org.jtorch.merge.Slerp;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.BatchTensors;
import org.jtorch.train.Progress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class WarpTest {
  @TempDir Path temp = Path.of("");

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private Path start(long seed) {
    Path folder = temp.resolve("sft-" + seed);
    try (var model = TinyPolicy.model(DType.F32, seed)) {
      AtomicFolder.publish(folder, into -> Pretrained.save(model, into, DType.F32, null));
    }
    return folder;
  }

  /// A model whose weights are those of another, each changed.
  private static void leave(Path from, Path to, Consumer<Decoder> change) {
    try (var model = Pretrained.load(from, Device.CPU, DType.F32)) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        change.accept(model);
      }
      AtomicFolder.publish(to, into -> Pretrained.save(model, into, DType.F32, null));
    }
  }

  private static Map<String, double[]> weights(Path folder) {
    var all = new HashMap<String, double[]>();
    try (var model = Pretrained.load(folder, Device.CPU, DType.F32); var _ = TensorScope.open()) {
      model.weights().forEach((name, w) -> all.put(name, TinyPolicy.values(w.view())));
    }
    return all;
  }

  // ---- joining, layer by layer

  /// Two weights of a layer at the angle of all four numbers together, and the embedding at another.
  @ParameterizedTest @CsvSource({"40, 0.5320888862", "60, 0.5773502692", "90, 0.7071067812"})
  void aLayerHasOneAngle(double degrees, double factor) {
    double cos = Math.cos(Math.toRadians(degrees));
    double sin = Math.sin(Math.toRadians(degrees));
    try (var _ = TensorScope.open()) {
      var merging = merging(
          Map.of("model.layers.1.a", new double[] {1, 0}, "model.layers.1.b", new double[] {0, 0}, "model.embed", new double[] {2, 0}),
          Map.of("model.layers.1.a", new double[] {cos, 0}, "model.layers.1.b", new double[] {0, sin}, "model.embed", new double[] {2, 0}));
      assertThat(merging.weight("model.layers.1.a").toFloats()).containsExactly(floats(factor * (1 + cos), 0), within(1e-6f));
      assertThat(merging.weight("model.layers.1.b").toFloats()).containsExactly(floats(0, factor * sin), within(1e-6f));
      assertThat(merging.weight("model.embed").toFloats()).containsExactly(floats(2, 0), within(1e-6f));
      assertThat(merging.angles()).containsOnlyKeys("model.layers.1", "model.embed");
      assertThat(Objects.requireNonNull(merging.angles().get("model.layers.1"))[0][1]).isEqualTo(degrees, within(1e-5));
    }
  }

  private static float[] floats(double a, double b) {
    return new float[] {(float) a, (float) b};
  }

  @SafeVarargs private static Merging merging(Map<String, double[]>... models) {
    var weights = Arrays.stream(models).<Merging.Weights>map(m -> name -> {
      double[] v = Objects.requireNonNull(m.get(name));
      return Tensor.of((float) v[0], (float) v[1]);
    }).toList();
    return new Merging(new Slerp(0.5, Slerp.Angle.PER_LAYER), weights, null, models[0].keySet());
  }

  @Test void parallelOppositeAndZeroVectorsAreStraight() {
    try (var _ = TensorScope.open()) {
      var merging = merging(
          Map.of("layers.0.same", new double[] {1, 1}, "layers.1.opposite", new double[] {1, 2}, "layers.2.none", new double[] {0, 0}),
          Map.of("layers.0.same", new double[] {3, 3}, "layers.1.opposite", new double[] {-3, -6}, "layers.2.none", new double[] {4, 5}));
      assertThat(merging.weight("layers.0.same").toFloats()).containsExactly(floats(2, 2), within(1e-6f));
      assertThat(merging.weight("layers.1.opposite").toFloats()).containsExactly(floats(-1, -2), within(1e-6f));
      assertThat(merging.weight("layers.2.none").toFloats()).as("the other one").containsExactly(floats(4, 5), within(1e-6f));
      assertThat(merging.warnings()).singleElement().asString().contains("layers.1", "models 1 and 2 went opposite ways");
    }
  }

  @Test void threeThatStandOnEachOtherKeepTheirLength() {
    Path start = start(1);
    var members = new ArrayList<Path>();
    for (int m = 0; m < 3; m++) {
      int at = m;
      members.add(temp.resolve("member-" + m));
      leave(start, members.getLast(), model -> norm(model).narrow(0, at, 1).addInPlace(Tensor.of(1f)));
    }
    double[] before = norm(start);
    double[] after = norm(Warp.join(start, members, temp.resolve("joined"), _ -> {}));
    assertThat(new double[] {after[0] - before[0], after[1] - before[1], after[2] - before[2]})
        .containsExactly(new double[] {0.61237244, 0.61237244, 0.5}, within(1e-6));
  }

  private static Tensor norm(Decoder model) {
    return Objects.requireNonNull(model.weights().get("model.norm.weight")).view().detach();
  }

  private static double[] norm(Path folder) {
    return Objects.requireNonNull(weights(folder).get("model.norm.weight"));
  }

  // ---- going back

  @Test void theFrontReachesFromTheFirstToTheLast() {
    Path first = start(1);
    Path last = start(2);
    var front = new Warp(temp.resolve("warp"), 1, 2, 0.3).front(first, last, 0, 0.3, 1);
    assertThat(weights(Objects.requireNonNull(front.get(0.0)))).usingRecursiveComparison().isEqualTo(weights(first));
    assertThat(weights(Objects.requireNonNull(front.get(1.0)))).usingRecursiveComparison().isEqualTo(weights(last));
    var a = weights(first);
    var b = weights(last);
    weights(Objects.requireNonNull(front.get(0.3))).forEach((name, w) -> {
      double[] from = Objects.requireNonNull(a.get(name));
      double[] to = Objects.requireNonNull(b.get(name));
      for (int i = 0; i < w.length; i++) {
        assertThat(w[i]).isEqualTo(0.7 * from[i] + 0.3 * to[i], within(1e-6));
      }
    });
  }

  @Test void roundsBeginOnTheWayBackAndNothingIsMadeTwice() throws IOException {
    Path sft = start(1);
    var calls = new ArrayList<String>();
    Warp.Member member = (from, to, round, m) -> {
      calls.add(round + "." + m + " from " + from.getFileName());
      leave(from, to, model -> model.parameters().getFirst().tensor().addInPlace(Tensor.of(m == 1 ? 0.1f : 0.2f)));
    };
    var warp = new Warp(temp.resolve("warp"), 2, 2, 0.5);
    Path last = warp.run(sft, member, _ -> {});
    assertThat(calls).containsExactly("1.1 from sft-1", "1.2 from sft-1", "2.1 from start", "2.2 from start");
    assertThat(last).isEqualTo(temp.resolve("warp/round-2/joined"));
    String bytes = Arrays.toString(Files.readAllBytes(last.resolve("model.safetensors")));
    delete(last);
    delete(temp.resolve("warp/round-2/member-2"));
    calls.clear();
    assertThat(warp.run(sft, member, _ -> {})).isEqualTo(last);
    assertThat(calls).containsExactly("2.2 from start");
    assertThat(Arrays.toString(Files.readAllBytes(last.resolve("model.safetensors")))).isEqualTo(bytes);
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (Path file : files.sorted((x, y) -> y.compareTo(x)).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test void settingsAreChecked() {
    assertThatThrownBy(() -> new Warp(temp, 0, 2, 0.3)).hasMessageContaining("`rounds` must be >= 1");
    assertThatThrownBy(() -> new Warp(temp, 1, 0, 0.3)).hasMessageContaining("`members` must be >= 1");
    assertThatThrownBy(() -> new Warp(temp, 1, 2, 1.3)).hasMessageContaining("`eta` must be in [0, 1]");
  }

  // ---- learning

  /// Two policies that are rewarded for even tokens, and learn in another order.
  @Test void whatTheMembersLearnedTogetherEarnsReward() {
    Path sft = start(1);
    Path last = new Warp(temp.resolve("warp"), 2, 2, 0.5).run(sft, WarpTest::train, _ -> {});
    assertThat(reward(last)).isGreaterThan(reward(sft) + 0.15);
    var angles = new Warp(temp.resolve("warp"), 2, 2, 0.5).angles(sft, 1);
    assertThat(angles).containsKeys("model.layers.0", "model.layers.1", "model.embed_tokens.weight");
  }

  private static final RewardSum GOLD = RewardSum.of("even", answers -> answers.stream().mapToDouble(OnlineDpoTrainerTest::even).toArray());

  private static void train(Path from, Path to, int round, int member) {
    try (var policy = Pretrained.load(from, Device.CPU, DType.F32); var anchor = Reference.following(policy, 0.01, 1)) {
      policy.requiresGrad(true);
      try (var adam = TinyPolicy.adam(policy)) {
        trainer(policy, anchor, adam, 10 * round + member).fit(Progress.START, new TinyPolicy.Recorder(), TinyPolicy.NO_HOOKS);
      }
      AtomicFolder.publish(to, into -> Pretrained.save(policy, into, DType.F32, null));
    }
  }

  private static OnlineDpoTrainer trainer(Decoder policy, Reference anchor, Optimizer adam, long seed) {
    var prompts = new ExampleBatches<>(seed, 8, OnlineDpoTrainerTest.prompts(16, 1), List::copyOf);
    return new OnlineDpoTrainer(policy, anchor, adam, prompts, GOLD, OnlineDpoTrainerTest.options(4, TinyPolicy.options(15, 5e-3)), Ranks.ALONE);
  }

  private static double reward(Path folder) {
    try (var policy = Pretrained.load(folder, Device.CPU, DType.F32); var adam = TinyPolicy.adam(policy)) {
      var score = trainer(policy, Reference.precomputed(), adam, 1).score(OnlineDpoTrainerTest.prompts(32, 9));
      return Objects.requireNonNull(score.get("reward"));
    }
  }

  // ---- the anchor

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"}) void withMuOneTheAnchorIsThePolicyAndWithZeroTheStart(DType dtype) {
    try (var policy = TinyPolicy.model(dtype, 1); var start = Reference.frozenCopyOf(policy); var fixed = Reference.following(policy, 0, 1);
        var same = Reference.following(policy, 1, 1); var own = Reference.of(policy)) {
      double[] first = logps(policy, start);
      move(policy, 0.1);
      fixed.follow(policy);
      same.follow(policy);
      assertThat(logps(policy, same)).as("no penalty").isEqualTo(logps(policy, own)).isNotEqualTo(first);
      assertThat(logps(policy, fixed)).isEqualTo(first);
    }
  }

  @Test void aThousandTinyStepsOfBfloat16AreNotLost() {
    try (var policy = TinyPolicy.model(DType.BF16, 1); var anchor = Reference.following(policy, 0.01, 1); var own = Reference.of(policy)) {
      double[] before = logps(policy, anchor);
      move(policy, 0.5);
      for (int step = 1; step <= 1000; step++) {
        anchor.follow(policy);
      }
      assertThat(logps(policy, anchor)).as("0.99^1000 of the way is left").containsExactly(logps(policy, own), within(0.05));
      assertThat(before).isNotEqualTo(logps(policy, own));
    }
  }

  @Test void theAnchorMovesOnlyWhenItIsTime() {
    try (var policy = TinyPolicy.model(DType.F32, 1); var anchor = Reference.following(policy, 0.6, 3)) {
      double[] before = logps(policy, anchor);
      move(policy, 0.1);
      anchor.follow(policy);
      anchor.follow(policy);
      assertThat(logps(policy, anchor)).isEqualTo(before);
      anchor.follow(policy);
      assertThat(logps(policy, anchor)).isNotEqualTo(before);
    }
  }

  private static void move(Decoder policy, double by) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      policy.parameters().forEach(p -> p.tensor().addInPlace(p.tensor().mul(by)));
    }
  }

  private static double[] logps(Decoder policy, Reference reference) {
    var rows = new Collator(16, 4).batch(List.of(TokenRow.of(new long[] {5, 6, 7}, new long[] {8, 9, 1})));
    try (var _ = TensorScope.open()) {
      return TinyPolicy.values(reference.tokenLogps(policy, rows, BatchTensors.of(rows, policy.device()), new TokenLogProbs(0)));
    }
  }
}
