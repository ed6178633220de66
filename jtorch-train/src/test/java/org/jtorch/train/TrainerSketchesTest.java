package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.Pair;
import org.jtorch.data.PairBatch;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.CausalLm;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.head.BradleyTerry;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.Labels;
import org.jtorch.loss.ChunkedLoss;
import org.jtorch.loss.CrossEntropy;
import org.jtorch.loss.Tokens;
import org.jtorch.nn.Pass;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Optimizer;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.chat.EncodedChat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Trainers other than the pretrainer, from the same parts: nothing of it is copied but the loop itself.
class TrainerSketchesTest {
  private static final Collator COLLATOR = new Collator(12, 4);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  // ---- supervised fine-tuning: the pretrainer's loop over chats

  @Test void fineTuningLearnsTheAnswersOnly() {
    var random = new Random(1);
    var chats = IntStream.range(0, 32).mapToObj(_ -> chat(random.nextInt(2, Tiny.VOCAB))).map(TokenRow::of).toList();
    var recorder = new PretrainerTest.Recorder();
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
      var options = TrainOptions.of(60, 1e-2, new Schedule.Constant(5)).withAccumulate(2);
      new Pretrainer(model, optimizer, new ExampleBatches<>(1, 8, chats, COLLATOR::batch), options)
          .fit(Progress.START, recorder, Tiny.NO_HOOKS);
    }
    assertThat(recorder.steps).allMatch(s -> s.tokens() == 8 * 2);
    assertThat(recorder.steps.getLast().loss()).isLessThan(0.3);
  }

  /// A random question of three tokens, to which the answer is always 7 and 1.
  private static EncodedChat chat(int question) {
    return new EncodedChat("", new long[] {question, question, 3, 7, 1}, new boolean[] {false, false, false, true, true});
  }

  // ---- a reward model

  record RewardTrainer(DecoderClassifier model, Optimizer optimizer, BatchSource<PairBatch> batches, TrainOptions options) {
    StepLoop.Result fit(Progress from, StepListener log, Hooks hooks) {
      var loop = new StepLoop(options, from, log, hooks, model.device());
      var update = new StepUpdate(optimizer, options, new SpikeGuard(options.spikes()));
      try (var ahead = batches.prefetch(from.step(), 2)) {
        while (loop.goesOn()) {
          StepLoss loss = gradients(ahead.next());
          loop.count(loss, update.make(loop.step(), loss.loss()));
          loop.saveIfDue();
        }
      }
      return loop.result();
    }

    private StepLoss gradients(PairBatch batch) {
      var figures = new LinkedHashMap<String, Double>();
      double loss = MicroBatches.sum(batch.split(options.accumulate()), optimizer, part -> {
        double share = (double) part.pairs() / batch.pairs();
        try (var tape = GradTape.open()) {
          var input = BatchTensors.of(part.rows(), model.device());
          var scores = model.logits(input.tokens(), Pass.training(tape).withKeyMask(input.real()));          // [2n, 1]
          var mean = new BradleyTerry().loss(scores, null).mul(share);
          figures.merge("accuracy", share * BradleyTerry.lead(scores.detach()).ge(0).to(DType.F32).mean().item(), Double::sum);
          tape.backward(mean);
          return mean.item();
        }
      });
      return new StepLoss(loss, batch.rows().trainedTokens(), figures);
    }
  }

  @Test void aRewardModelLearnsToRank() {
    var random = new Random(2);
    var pairs = IntStream.range(0, 32).mapToObj(_ -> new Pair(TokenRow.of(random(random, 1)), TokenRow.of(random(random, 2)))).toList();
    var recorder = new PretrainerTest.Recorder();
    try (var model = DecoderClassifier.create(Tiny.SHAPE, Labels.SCORE, null, Device.CPU, DType.F32, Rng.of(3))) {
      model.requiresGrad(true);
      try (var optimizer = AdamW.over(model.parameters(), 0, AdamW.Options.DEFAULT)) {
        var options = TrainOptions.of(60, 1e-2, new Schedule.Constant(5)).withAccumulate(2);
        new RewardTrainer(model, optimizer, new ExampleBatches<>(1, 8, pairs, COLLATOR::pairs), options)
            .fit(Progress.START, recorder, Tiny.NO_HOOKS);
      }
    }
    assertThat(recorder.steps.getFirst().loss()).isBetween(0.5, 0.9);                          // ln 2 = 0.69
    assertThat(recorder.steps.getLast().figures()).containsEntry("accuracy", 1.0);
  }

  /// Four to nine random tokens that end with `last`.
  private static long[] random(Random random, long last) {
    return LongStream.concat(random.longs(random.nextInt(3, 9), 3, Tiny.VOCAB), LongStream.of(last)).toArray();
  }

  // ---- RLOO

  /// REINFORCE with the mean of the other answers as the baseline, arXiv:2402.14740, section 3.2: the gradient of
  /// `-(r_i - mean of the other r) log p(answer_i)` is that of a cross-entropy with the advantage as every token's weight.
  record RlooTrainer(CausalLm model, Optimizer optimizer, BatchSource<List<long[]>> prompts, TrainOptions options, int answers) {
    StepLoop.Result fit(Progress from, StepListener log, Hooks hooks) {
      var loop = new StepLoop(options, from, log, hooks, model.device());
      var update = new StepUpdate(optimizer, options, new SpikeGuard(options.spikes()));
      while (loop.goesOn()) {
        StepLoss loss = gradients(prompts.at(loop.step()), loop.step());
        loop.count(loss, update.make(loop.step(), loss.loss()));
        loop.saveIfDue();
      }
      return loop.result();
    }

    private static Tokens tokens(Batch micro, double scale) {
      return new Tokens(micro.targets(), Objects.requireNonNull(micro.weights(), "advantages"), scale);
    }

    private StepLoss gradients(List<long[]> prompts, long seed) {
      var repeated = prompts.stream().flatMap(p -> IntStream.range(0, answers).mapToObj(_ -> p)).toList();
      var written = new Generator(model).generate(repeated, new Options(4, Sampling.temperature(1), Set.of(), seed, 0));
      double[] rewards = written.stream().mapToDouble(TrainerSketchesTest::reward).toArray();
      var rows = new ArrayList<TokenRow>();
      for (int i = 0; i < rewards.length; i++) {
        double sum = IntStream.range(i / answers * answers, (i / answers + 1) * answers).mapToDouble(j -> rewards[j]).sum();
        double advantage = rewards[i] - (sum - rewards[i]) / (answers - 1);
        rows.add(TokenRow.of(repeated.get(i), written.get(i)).times((float) advantage));
      }
      Batch batch = COLLATOR.batch(rows);
      double scale = 1.0 / rows.size();
      double loss = MicroBatches.sum(batch.split(options.accumulate()), optimizer, micro -> {
        try (var tape = GradTape.open()) {
          var input = BatchTensors.of(micro, model.device());
          var hidden = model.hidden(input.tokens(), input.on(Pass.training(tape)), null);               // [B, T, C]
          return new ChunkedLoss(CrossEntropy.PLAIN).backward(model, hidden, tokens(micro, scale), tape);
        }
      });
      var figures = new LinkedHashMap<String, Double>();
      figures.put("reward", IntStream.range(0, rewards.length).mapToDouble(i -> rewards[i]).average().orElse(0));
      return new StepLoss(loss * scale, batch.trainedTokens(), figures);
    }
  }

  /// The share of even tokens.
  private static double reward(long[] answer) {
    return LongStream.of(answer).filter(t -> t % 2 == 0).count() / (double) answer.length;
  }

  @Test void rlooRaisesTheReward() {
    var prompts = IntStream.range(3, 19).mapToObj(i -> new long[] {i, i + 1}).toList();
    var recorder = new PretrainerTest.Recorder();
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
      var options = TrainOptions.of(40, 1e-2, new Schedule.Constant(2)).withAccumulate(2);
      new RlooTrainer(model, optimizer, new ExampleBatches<>(1, 4, prompts, p -> p), options, 4)
          .fit(Progress.START, recorder, Tiny.NO_HOOKS);
    }
    assertThat(reward(recorder.steps.subList(0, 5))).isLessThan(0.65);
    assertThat(reward(recorder.steps.subList(35, 40))).isGreaterThan(0.85);
    assertThat(recorder.steps).allMatch(s -> s.liveTensors() == 0);
  }

  private static double reward(List<StepEvent> steps) {
    return steps.stream().mapToDouble(s -> s.figures().getOrDefault("reward", Double.NaN)).average().orElseThrow();
  }
}
