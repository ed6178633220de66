package org.jtorch.align.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jtorch.align.RanksTest;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.preference.Reference;
import org.jtorch.observe.StepEvent;
import org.jtorch.optim.AdamW;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Progress;
import org.junit.jupiter.api.Test;

/// Two processes answer, exchange what they said, and learn as one does.
class PolicyRanksTest {
  private static void asOne(Function<Ranks, List<StepEvent>> train) throws Exception {
    var one = train.apply(Ranks.ALONE);
    for (var each : RanksTest.together(train)) {
      assertThat(each).hasSize(one.size());
      for (int i = 0; i < one.size(); i++) {
        assertThat(each.get(i).loss()).isCloseTo(one.get(i).loss(), within(1e-5));
        for (var figure : one.get(i).figures().entrySet()) {
          assertThat(each.get(i).figures().get(figure.getKey())).as(figure.getKey()).isCloseTo(figure.getValue(), within(1e-4));
        }
      }
    }
  }

  @Test void mirrorDescent() throws Exception {
    asOne(ranks -> {
      var log = new TinyPolicy.Recorder();
      try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
        var options = Echo.options(new LeaveOneOut(true), new MirrorDescent(1), 3, 1e-3).withUpdates(Updates.of(2, 2));
        new PolicyTrainer(policy, reference, adam, Echo.batches(2), Echo.reward(), options, ranks).fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      }
      return log.steps;
    });
  }

  @Test void ppo() throws Exception {
    asOne(ranks -> {
      var log = new TinyPolicy.Recorder();
      try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy);
          var head = ValueHead.create(TinyPolicy.SHAPE.dim(), Device.CPU, DType.F32);
          var adam = AdamW.over(Stream.concat(policy.parameters().stream(), head.parameters().stream()).toList(), 0, AdamW.Options.DEFAULT)) {
        var options = PpoTrainer.Options.of(Echo.rollouts(4, 1), Echo.COLLATOR, TinyPolicy.options(3, 1e-3)).withUpdates(Updates.of(2, 2));
        new PpoTrainer(policy, new Critic.Shared(head), reference, adam, Echo.batches(2), Echo.reward(), options, ranks)
            .fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      }
      return log.steps;
    });
  }
}
