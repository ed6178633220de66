package org.jtorch.recipes.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jtorch.align.policy.LeaveOneOut;
import org.jtorch.align.policy.PolicyGradient;
import org.jtorch.align.policy.PolicyTrainer;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.chat.Chat;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Hooks;
import org.jtorch.train.ProcessMemory;
import org.jtorch.train.Progress;
import org.jtorch.train.TrainOptions;

/// Speed of a whole step of RLOO: K answers to each prompt, a reward that costs nothing, the reference, backward, AdamW.
public final class RlooBenchmark {
  /// No answer ends early.
  private static final long NEVER = -1;

  private RlooBenchmark() {}

  /// @param k answers to each prompt
  public static ObjectNode run(Benchmarks.Settings s, int k) {
    var shape = BenchSize.named(s.size()).shape();
    try (var policy = Decoder.create(shape, s.device(), s.dtype(), Rng.of(0)); var reference = Reference.frozenCopyOf(policy)) {
      policy.requiresGrad(true);
      try (var optimizer = AdamW.over(policy.parameters(), 0, AdamW.Options.DEFAULT)) {
        int steps = Math.max(3, s.steps() / 2) + 1;
        var rollouts = new Rollouts(k, new Options(s.fresh(), Sampling.temperature(1), Set.of(NEVER), 0, 0), _ -> "");
        int longest = s.prompt() + s.fresh();
        var options = PolicyTrainer.Options.of(rollouts, new LeaveOneOut(false), new PolicyGradient(), new Collator(longest, longest),
            TrainOptions.of(steps, 1e-5, new Schedule.Constant(0)));
        var prompts = new ExampleBatches<>(0, s.batch(), prompts(s, shape.vocab()), List::copyOf);
        var times = new Times();
        new PolicyTrainer(policy, reference, optimizer, prompts, RewardSum.of("even", RlooBenchmark::even), options, Ranks.ALONE)
            .fit(Progress.START, times, new Hooks(step -> new EvalEvent(step, 0, 0, 1, List.of()), _ -> { }, () -> false));
        double seconds = times.median();
        return Benchmarks.line("rloo", s).put("k", k).put("prompt", s.prompt()).put("new", s.fresh()).put("step_s", Benchmarks.round(seconds, 4))
            .put("answers_per_s", Benchmarks.round(s.batch() * k / seconds, 2)).put("peak_rss_mb", ProcessMemory.peak() >> 20);
      }
    }
  }

  private static List<Prompt> prompts(Benchmarks.Settings s, int vocab) {
    var random = new Random(0);
    var prompts = new ArrayList<Prompt>();
    for (int i = 0; i < s.batch(); i++) {
      prompts.add(new Prompt(Chat.of(List.of()), random.longs(s.prompt(), 1, vocab).toArray(), null, "random:" + (i + 1)));
    }
    return prompts;
  }

  /// The share of even tokens.
  private static double[] even(List<Answer> answers) {
    return answers.stream().mapToDouble(a -> Arrays.stream(a.generation().tokens()).filter(t -> t % 2 == 0).count() / (double) a.length()).toArray();
  }

  /// How long the steps took; the first warms up.
  private static final class Times implements StepListener {
    private final List<Double> seconds = new ArrayList<>();

    @Override public void onStep(StepEvent step) {
      if (step.step() > 1) {
        seconds.add(step.seconds());
      }
    }

    double median() {
      return seconds.stream().sorted().skip(seconds.size() / 2).findFirst().orElseThrow();
    }
  }
}
