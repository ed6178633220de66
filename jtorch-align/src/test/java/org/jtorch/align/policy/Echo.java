package org.jtorch.align.policy;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.loss.ChunkedLoss;
import org.jtorch.loss.CrossEntropy;
import org.jtorch.loss.Tokens;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.GradTape;
import org.jtorch.train.BatchTensors;

/// A task that a model of a few thousand parameters learns in seconds: say the prompt's number, and then stop.
final class Echo {
  static final long STOP = 1;
  static final int NUMBERS = 2;
  static final Collator COLLATOR = new Collator(16, 4);

  private Echo() {}

  static List<Prompt> prompts() {
    var prompts = new ArrayList<Prompt>();
    for (int i = 0; i < NUMBERS; i++) {
      prompts.add(new Prompt(Chat.of(List.of(new Message("user", "say " + (10 + 12 * i)))), new long[] {3, 10 + 12 * i, 4}, String.valueOf(10 + 12 * i), "echo:" + (i + 1)));
    }
    return prompts;
  }

  /// A model that says one of the numbers and stops, whatever it is asked: what supervised fine-tuning would leave.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  static Decoder begun(DType dtype) {
    var model = TinyPolicy.model(dtype, 1);
    var rows = new ArrayList<TokenRow>();
    prompts().forEach(p -> prompts().forEach(q -> rows.add(TokenRow.of(p.tokens(), new long[] {q.tokens()[1], STOP}))));
    var batch = COLLATOR.batch(rows);
    try (var adam = TinyPolicy.adam(model)) {
      for (int i = 0; i < 60; i++) {
        try (var tape = GradTape.open()) {
          var input = BatchTensors.of(batch, model.device());
          var hidden = model.hidden(input.tokens(), input.on(Pass.training(tape)), null);
          var _ = new ChunkedLoss(CrossEntropy.PLAIN).backward(model, hidden, Tokens.of(batch.targets()).withScale(1.0 / batch.trainedTokens()), tape);
        }
        var _ = adam.clipAndStep(1e-2, 1);
      }
    }
    return model;
  }

  static ExampleBatches<Prompt, List<Prompt>> batches(int n) {
    return new ExampleBatches<>(3, n, prompts(), List::copyOf);
  }

  static Rollouts rollouts(int k, double temperature) {
    return new Rollouts(k, new Options(5, Sampling.temperature(temperature), Set.of(STOP), 7, 0), Arrays::toString);
  }

  /// 1 for the prompt's number as the first token and less the further it is away, a half more for a stop right behind it.
  static RewardSum reward() {
    return RewardSum.of("near", answers -> answers.stream().mapToDouble(a -> {
      long[] tokens = a.generation().tokens();
      double near = Math.max(0, 1 - Math.abs(tokens[0] - a.prompt().tokens()[1]) / 10.0);
      return near + (tokens.length == 2 && a.isComplete() ? 0.5 : 0);
    }).toArray());
  }

  /// The same, but the lower number is right whatever was asked.
  static RewardSum lower() {
    return RewardSum.of("lower", answers -> answers.stream().mapToDouble(a -> {
      long[] tokens = a.generation().tokens();
      double near = Math.max(0, 1 - Math.abs(tokens[0] - prompts().getFirst().tokens()[1]) / 10.0);
      return near + (tokens.length == 2 && a.isComplete() ? 0.5 : 0);
    }).toArray());
  }

  static PolicyTrainer.Options options(Advantage advantage, PolicyLoss loss, int steps, double rate) {
    return PolicyTrainer.Options.of(rollouts(16, 1), advantage, loss, COLLATOR, TinyPolicy.options(steps, rate));
  }
}
