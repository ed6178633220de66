package org.jtorch.align;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.align.preference.Dpo;
import org.jtorch.align.preference.DpoTrainer;
import org.jtorch.align.preference.JudgedRow;
import org.jtorch.align.preference.Kto;
import org.jtorch.align.preference.KtoTrainer;
import org.jtorch.align.preference.OnlineDpoTrainer;
import org.jtorch.align.preference.OnlineDpoTrainerTest;
import org.jtorch.align.preference.PreferencePair;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.reward.RankedRows;
import org.jtorch.align.reward.Ranking;
import org.jtorch.align.reward.RewardTrainer;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.Labels;
import org.jtorch.observe.StepEvent;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Progress;
import org.junit.jupiter.api.Test;

/// Two processes (threads here, which c10d allows) train as one does.
public class RanksTest {
  private static final Collator COLLATOR = new Collator(16, 4);
  private static final List<PreferencePair> PAIRS = pairs();

  private static List<PreferencePair> pairs() {
    var random = new Random(4);
    return IntStream.range(0, 16).mapToObj(_ -> {
      long[] prompt = random.longs(3, 2, TinyPolicy.VOCAB).toArray();
      return new PreferencePair(AnswerRow.of(prompt, random.longs(2 + random.nextInt(5), 2, TinyPolicy.VOCAB).toArray()),
          AnswerRow.of(prompt, random.longs(2 + random.nextInt(5), 2, TinyPolicy.VOCAB).toArray()));
    }).toList();
  }

  public static <R> List<R> together(Function<Ranks, R> body) throws Exception {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    var answers = new ArrayList<R>();
    try (var threads = Executors.newFixedThreadPool(2)) {
      var all = new ArrayList<Future<R>>();
      for (int rank = 0; rank < 2; rank++) {
        var environment = Map.of("RANK", Integer.toString(rank), "WORLD_SIZE", "2", "MASTER_ADDR", "127.0.0.1", "MASTER_PORT",
            Integer.toString(port));
        Callable<R> task = () -> {
          try (var ranks = Ranks.join(environment)) {
            return body.apply(ranks);
          }
        };
        all.add(threads.submit(task));
      }
      for (var one : all) {
        answers.add(one.get());
      }
    }
    return answers;
  }

  private static void asOne(Function<Ranks, List<StepEvent>> train) throws Exception {
    var one = train.apply(Ranks.ALONE);
    for (var each : together(train)) {
      assertThat(each).hasSize(one.size());
      for (int i = 0; i < one.size(); i++) {
        assertThat(each.get(i).loss()).isCloseTo(one.get(i).loss(), within(1e-5));
        assertThat(each.get(i).gradNorm()).isCloseTo(one.get(i).gradNorm(), within(1e-4));
        for (var figure : one.get(i).figures().entrySet()) {
          assertThat(each.get(i).figures().get(figure.getKey())).as(figure.getKey()).isCloseTo(figure.getValue(), within(1e-4));
        }
      }
    }
  }

  @Test void dpo() throws Exception {
    asOne(ranks -> {
      var log = new TinyPolicy.Recorder();
      try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
        var options = DpoTrainer.Options.of(new Dpo(0.1), COLLATOR, TinyPolicy.options(4, 1e-3).withAccumulate(2)).withNll(0.2);
        new DpoTrainer(policy, reference, adam, new ExampleBatches<>(1, 6, PAIRS, List::copyOf), options, ranks)
            .fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      }
      return log.steps;
    });
  }

  /// Five prompts, so that the ranks have two and three: each answer has its own stream of random numbers.
  @Test void onlineDpo() throws Exception {
    var judge = RewardSum.of("even", answers -> answers.stream().mapToDouble(OnlineDpoTrainerTest::even).toArray());
    asOne(ranks -> {
      var log = new TinyPolicy.Recorder();
      try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
        var prompts = new ExampleBatches<>(1, 5, OnlineDpoTrainerTest.prompts(10, 4), List::copyOf);
        new OnlineDpoTrainer(policy, reference, adam, prompts, judge, OnlineDpoTrainerTest.options(3, TinyPolicy.options(4, 1e-3)), ranks)
            .fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      }
      return log.steps;
    });
  }

  @Test void kto() throws Exception {
    var rows = IntStream.range(0, 16).mapToObj(i -> new JudgedRow(PAIRS.get(i).chosen(), i % 3 > 0)).toList();
    asOne(ranks -> {
      var log = new TinyPolicy.Recorder();
      try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
        var options = new KtoTrainer.Options(new Kto(0.1), COLLATOR, TinyPolicy.options(4, 1e-3).withAccumulate(2));
        new KtoTrainer(policy, reference, adam, new ExampleBatches<>(1, 6, rows, List::copyOf), options, ranks)
            .fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      }
      return log.steps;
    });
  }

  @Test void reward() throws Exception {
    var rankings = PAIRS.stream().map(p -> RankedRows.of(p.chosen().row(), p.rejected().row())).toList();
    asOne(ranks -> {
      var log = new TinyPolicy.Recorder();
      try (var model = DecoderClassifier.create(TinyPolicy.SHAPE, Labels.SCORE, 1, Device.CPU, DType.F32, Rng.of(2))) {
        model.requiresGrad(true);
        try (var adam = TinyPolicy.adam(model)) {
          new RewardTrainer(model, null, adam, new ExampleBatches<>(1, 6, rankings, List::copyOf),
              RewardTrainer.Options.of(Ranking.PLAIN, COLLATOR, TinyPolicy.options(4, 1e-3).withAccumulate(2)), ranks)
              .fit(Progress.START, log, TinyPolicy.NO_HOOKS);
        }
      }
      return log.steps;
    });
  }
}
