package org.jtorch.align;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.align.chats.Grades;
import org.jtorch.align.policy.Anchor;
import org.jtorch.align.policy.Critic;
import org.jtorch.align.policy.Echo;
import org.jtorch.align.policy.LeaveOneOut;
import org.jtorch.align.policy.MirrorDescent;
import org.jtorch.align.policy.PolicyTrainer;
import org.jtorch.align.policy.PpoTrainer;
import org.jtorch.align.policy.Updates;
import org.jtorch.align.preference.Dpo;
import org.jtorch.align.preference.DpoTrainer;
import org.jtorch.align.preference.JudgedRow;
import org.jtorch.align.preference.Kto;
import org.jtorch.align.preference.KtoTrainer;
import org.jtorch.align.preference.OnlineDpoTrainer;
import org.jtorch.align.preference.OnlineDpoTrainerTest;
import org.jtorch.align.preference.PreferencePair;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.reward.GradeHeads;
import org.jtorch.align.reward.RankedRows;
import org.jtorch.align.reward.Ranking;
import org.jtorch.align.reward.RewardTrainer;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.Labels;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.OnlineMerging;
import org.jtorch.optim.ParameterGroups;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.Hooks;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.Progress;
import org.jtorch.train.Saved;

/// Learns from preferences, single labels and rankings for a few rounds, saves and goes back, and prints the native objects alive after each.
/// Runs under the Epsilon collector, which never collects.
final class AlignLeakMain {
  private static final int ROUNDS = 4;
  private static final Collator COLLATOR = new Collator(16, 8);

  private AlignLeakMain() {}

  public static void main(String[] args) {
    Path temp = Path.of(args[0]);
    rounds("dpo", round -> dpo(temp.resolve("dpo" + round)));
    rounds("online", round -> online(temp.resolve("online" + round)));
    rounds("policy", _ -> policy());
    rounds("ppo", round -> ppo(temp.resolve("ppo" + round)));
    rounds("adapter", round -> adapter(temp.resolve("adapter" + round)));
    rounds("kto", _ -> kto());
    rounds("reward", round -> reward(temp.resolve("reward" + round)));
    print("closed");
  }

  private interface Round {
    void run(int number);
  }

  private static void rounds(String name, Round body) {
    for (int i = 0; i < ROUNDS; i++) {
      body.run(i);
      print(name);
    }
  }

  private static void print(String name) {
    var stats = TensorScope.stats();
    System.out.println(name + " " + stats.live() + " " + stats.nativeObjects());
  }

  private static AnswerRow answer(Random random) {
    return AnswerRow.of(random.longs(3, 2, TinyPolicy.VOCAB).toArray(), random.longs(2 + random.nextInt(4), 2, TinyPolicy.VOCAB).toArray());
  }

  private static List<PreferencePair> pairs() {
    var random = new Random(1);
    return IntStream.range(0, 8).mapToObj(_ -> new PreferencePair(answer(random), answer(random))).toList();
  }

  private static Hooks saving(Checkpoint checkpoint) {
    return new Hooks(TinyPolicy.NO_HOOKS.evaluate(), checkpoint::save, () -> false);
  }

  private static void goBack(Checkpoint checkpoint) {
    checkpoint.restore(checkpoint.newest(System.err::println).orElseThrow());
  }

  /// Two steps of two micro-batches beside a frozen copy, held-out pairs, a checkpoint and the way back.
  private static void dpo(Path folder) {
    try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var options = DpoTrainer.Options.of(new Dpo(0.1), COLLATOR, TinyPolicy.options(2, 1e-3).withAccumulate(2).withEvery(1, 1)).withNll(0.2);
      var trainer = new DpoTrainer(policy, reference, adam, new ExampleBatches<>(1, 4, pairs(), List::copyOf), options);
      var checkpoint = Checkpoint.of(folder, 1, ModelFolder.of(policy, null)).with("optimizer", Saved.of(adam, policy.weights()));
      trainer.fit(Progress.START, new TinyPolicy.Recorder(), saving(checkpoint));
      var _ = trainer.score(pairs());
      goBack(checkpoint);
    }
  }

  /// With a reference that follows, and the optimizer that merges.
  private static void online(Path folder) {
    var judge = RewardSum.of("even", answers -> answers.stream().mapToDouble(OnlineDpoTrainerTest::even).toArray());
    try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.following(policy, 0.5, 1); var base = TinyPolicy.model(DType.F32, 2);
        var merging = OnlineMerging.over(ParameterGroups.byRank(policy.parameters(), 0), OnlineMerging.taskVector(policy, policy, base),
            OnlineMerging.Options.of(new OnlineMerging.OnDare(0.5, 1)))) {
      var prompts = new ExampleBatches<>(1, 4, OnlineDpoTrainerTest.prompts(8, 1), List::copyOf);
      var trainer = new OnlineDpoTrainer(policy, reference, merging, prompts, judge, OnlineDpoTrainerTest.options(3, TinyPolicy.options(2, 1e-3)),
          Ranks.ALONE);
      var checkpoint = Checkpoint.of(folder, 0, ModelFolder.of(policy, null)).with("optimizer", Saved.of(merging, policy.weights()))
          .with("reference", reference.saved(policy.weights()));
      trainer.fit(Progress.START, new TinyPolicy.Recorder(), saving(checkpoint));
      goBack(checkpoint);
    }
  }

  /// Answers, two passes of two updates, an anchor on the policy that answered, held-out answers.
  private static void policy() {
    try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy);
        var previous = Anchor.previous(policy, 0.5)) {
      var options = Echo.options(new LeaveOneOut(false), new MirrorDescent(1), 2, 1e-3).withUpdates(Updates.of(2, 2)).withAnchors(List.of(previous));
      var trainer = new PolicyTrainer(policy, reference, adam, Echo.batches(2), Echo.reward(), options, Ranks.ALONE);
      trainer.fit(Progress.START, new TinyPolicy.Recorder(), TinyPolicy.NO_HOOKS);
      var _ = trainer.figures(trainer.answers(Echo.prompts()));
    }
  }

  /// With a critic of its own, a checkpoint and the way back.
  private static void ppo(Path folder) {
    try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy);
        var critic = DecoderClassifier.create(TinyPolicy.SHAPE, Labels.SCORE, 1, Device.CPU, DType.F32, Rng.of(2))) {
      critic.requiresGrad(true);
      try (var adam = AdamW.over(Stream.concat(policy.parameters().stream(), critic.parameters().stream()).toList(), 0, AdamW.Options.DEFAULT)) {
        var options = PpoTrainer.Options.of(Echo.rollouts(4, 1), Echo.COLLATOR, TinyPolicy.options(2, 1e-3).withAccumulate(2));
        var trainer = new PpoTrainer(policy, new Critic.Own(critic), reference, adam, Echo.batches(2), Echo.reward(), options);
        var checkpoint = Checkpoint.of(folder, 0, ModelFolder.of(policy, null)).with("critic", Saved.of(critic.weights()));
        trainer.fit(Progress.START, new TinyPolicy.Recorder(), saving(checkpoint));
        goBack(checkpoint);
      }
    }
  }

  /// The same with an adapter, whose absence is the reference, and the merged model.
  private static void adapter(Path folder) {
    try (var policy = TinyPolicy.model(DType.F32, 1);
        var lora = Lora.apply(policy, LoraConfig.of(4, 8, new Targets.AllLinear()).withDropout(0.1), Rng.of(2));
        var adam = AdamW.over(lora.trained(), 0, AdamW.Options.DEFAULT)) {
      var options = DpoTrainer.Options.of(new Dpo(0.1), COLLATOR, TinyPolicy.options(2, 1e-3).withEvery(1, 1));
      var trainer = new DpoTrainer(policy, Reference.adapterOff(), adam, new ExampleBatches<>(1, 4, pairs(), List::copyOf), options);
      var checkpoint = Checkpoint.of(folder, 1, ModelFolder.of(lora, null)).with("optimizer", Saved.of(adam, lora.savedWeights()));
      trainer.fit(Progress.START, new TinyPolicy.Recorder(), saving(checkpoint));
      goBack(checkpoint);
      lora.merge();
    }
  }

  private static void kto() {
    var random = new Random(1);
    var rows = IntStream.range(0, 8).mapToObj(i -> new JudgedRow(answer(random), i % 2 == 0)).toList();
    try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var options = new KtoTrainer.Options(new Kto(0.1, 1, 1), COLLATOR, TinyPolicy.options(2, 1e-3).withAccumulate(2));
      new KtoTrainer(policy, reference, adam, new ExampleBatches<>(1, 4, rows, List::copyOf), options, Ranks.ALONE)
          .fit(Progress.START, new TinyPolicy.Recorder(), TinyPolicy.NO_HOOKS);
    }
  }

  /// Two steps with grades, held-out rankings, a checkpoint and the way back.
  private static void reward(Path folder) {
    var random = new Random(1);
    var graded = new Grades(new int[] {2, 1, 0, Grades.UNKNOWN});
    var rankings = IntStream.range(0, 8).mapToObj(_ -> new RankedRows(List.of(new RankedRows.Answer(answer(random).row(), graded),
        new RankedRows.Answer(answer(random).row(), null), new RankedRows.Answer(answer(random).row(), graded)), null, Double.NaN)).toList();
    try (var model = DecoderClassifier.create(TinyPolicy.SHAPE, Labels.SCORE, null, Device.CPU, DType.F32, Rng.of(1));
        var grades = GradeHeads.create(TinyPolicy.SHAPE.dim(), Device.CPU, DType.F32, Rng.of(2))) {
      model.requiresGrad(true);
      var parameters = Stream.concat(model.parameters().stream(), grades.parameters().stream()).toList();
      try (var adam = AdamW.over(parameters, 0, AdamW.Options.DEFAULT)) {
        var options = new RewardTrainer.Options(Ranking.SOFT, 0.1, 0.01, COLLATOR, TinyPolicy.options(2, 1e-3).withAccumulate(2).withEvery(1, 1));
        var trainer = new RewardTrainer(model, grades, adam, new ExampleBatches<>(1, 4, rankings, List::copyOf), options, Ranks.ALONE);
        var all = new LinkedHashMap<>(model.weights());
        all.putAll(grades.weights());
        var checkpoint = Checkpoint.of(folder, 1, ModelFolder.of(model, null)).with("optimizer", Saved.of(adam, all)).with("grades",
            Saved.of(grades.weights()));
        trainer.fit(Progress.START, new TinyPolicy.Recorder(), saving(checkpoint));
        var _ = trainer.score(rankings);
        goBack(checkpoint);
      }
    }
  }
}
