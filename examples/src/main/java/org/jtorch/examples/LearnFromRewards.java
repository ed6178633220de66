package org.jtorch.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.align.policy.LeaveOneOut;
import org.jtorch.align.policy.PolicyLoss;
import org.jtorch.align.policy.PolicyScores;
import org.jtorch.align.policy.PolicyTrainer;
import org.jtorch.align.policy.RolloutFigures;
import org.jtorch.align.policy.Totals;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.Reward;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatFormat;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.family.Pretrained;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.text.Tokenizer;
import org.jtorch.train.Hooks;
import org.jtorch.train.Progress;
import org.jtorch.train.TrainOptions;

/// A policy that learns from a reward, a checker and a loss that are written here.
public final class LearnFromRewards {
  private LearnFromRewards() {}

  /// A reward: short answers.
  static final class Brevity implements Reward {
    @Override public double[] of(List<Answer> answers) {
      return answers.stream().mapToDouble(answer -> -0.05 * answer.length()).toArray();
    }
  }

  /// A checker: 1 for an answer that says yes. NaN would be an answer that it cannot judge.
  static double[] agrees(List<Answer> answers) {
    return answers.stream().mapToDouble(answer -> answer.text().contains("yes") ? 1 : 0).toArray();
  }

  /// A loss: the policy gradient whose advantages are bounded.
  record Bounded(double most) implements PolicyLoss {
    @Override public Tensor loss(PolicyScores scores, Totals totals) {
      Tensor a = scores.answerAdvantage().div(most).tanh().mul(most);                   // [n]
      return a.mul(scores.logps().mul(scores.mask()).sum(1, false)).sum().div(totals.answers()).neg();
    }
  }

  /// @param args a model's folder with a chat template, a file with a question in each line
  public static void main(String... args) throws IOException {
    train(Path.of(args[0]), Files.readAllLines(Path.of(args[1])), 16, TrainOptions.of(200, 1e-6, new Schedule.Constant(10)));
  }

  /// @return the mean reward of each step
  static List<Double> train(Path folder, List<String> questions, int newTokens, TrainOptions train) {
    var rewards = new ArrayList<Double>();
    try (var tokenizer = Tokenizer.load(folder); var policy = Pretrained.load(folder, Device.best(), DType.F32);
         var reference = Reference.frozenCopyOf(policy); var optimizer = AdamW.over(policy.parameters(), 0, AdamW.Options.DEFAULT)) {
      policy.requiresGrad(true);
      var template = ChatTemplate.load(folder);
      var stops = ChatFormat.CHATML.endTokens(tokenizer);
      var prompts = new ArrayList<Prompt>();
      for (String question : questions) {
        var turns = List.of(new Message("user", question));
        prompts.add(new Prompt(Chat.of(turns), template.ids(tokenizer, turns, true), null, question));
      }
      var rollouts = new Rollouts(8, new Options(newTokens, Sampling.temperature(1), stops, 1, 0), tokens -> tokenizer.decode(tokens, true));
      var reward = new RewardSum(List.of(new RewardSum.Part("agrees", 1, LearnFromRewards::agrees), new RewardSum.Part("brief", 1, new Brevity())));
      var options = PolicyTrainer.Options.of(rollouts, new LeaveOneOut(false), new Bounded(2), new Collator(256, 8), train);
      var log = new StepListener() {
        @Override public void onStep(StepEvent step) {
          rewards.add(step.figures().getOrDefault(RolloutFigures.REWARD, Double.NaN));
          IO.println("step %d  reward %.3f".formatted(step.step(), rewards.getLast()));
        }
      };
      var hooks = new Hooks(step -> new EvalEvent(step, Double.NaN, 0, 0, List.of()), _ -> {}, () -> false);     // nothing held out
      new PolicyTrainer(policy, reference, optimizer, new ExampleBatches<>(1, prompts.size(), prompts, List::copyOf), reward, options, Ranks.ALONE)
          .fit(Progress.START, log, hooks);
    }
    return rewards;
  }
}
