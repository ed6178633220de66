package org.jtorch.recipes.align;

import java.util.Set;
import org.jtorch.data.Collator;
import org.jtorch.distill.GkdOptions;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.loss.Divergence;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.pretrain.OptimizerConfig;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Metrics;
import org.jtorch.recipes.run.Save;

/// A student that learns what its teacher would have said, along the answers of conversations or along its own (GKD, arXiv:2306.13649).
@Named("gkd")
public record GkdRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the student to begin with: an earlier stage, or a Hugging Face folder; its tokenizer comes along") Reference from,
    @Doc("a model with the same tokenizer: its folder, or the stage that trains it") Reference teacher,
    @Doc("one number that data order and answers follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (as pretrain), bf16 or f32") @Default("auto") String dtype,
    @Doc("of each conversation the last answer is learned, in the context of what stands before it") ChatsConfig chats,
    @Doc("share of the steps that learn from the student's own answers: 0 is supervised, 1 fully on-policy") @Default("0.5") double lambda,
    @Doc("which divergence: 0 is the forward one, 1 the reverse, between them the generalized Jensen-Shannon") @Default("0.5") double beta,
    @Doc("of both in the divergence") @Default("1") double temperature,
    @Doc("at which the student answers") @Default("0.9") double samplingTemperature,
    @Doc("tokens of an answer of the student's, at most") @Default("128") int newTokens,
    LoopConfig train, @Default("{}") OptimizerConfig optimizer, @Default("{}") Eval eval, @Default("{}") Save save,
    @Default("{}") Metrics metrics) implements ChatRecipe {
  private static final int MULTIPLE = 32;

  public GkdRecipe {
    var _ = options(Set.of(), lambda, beta, temperature, new Options(newTokens, Sampling.temperature(samplingTemperature), Set.of(), seed, 0),
        chats.maxTokens());
    if (newTokens >= chats.maxTokens()) {
      throw new IllegalArgumentException("`new_tokens` (" + newTokens + ") must be below `chats.max_tokens` (" + chats.maxTokens()
          + "), for the prompt takes room, too; e.g. new_tokens: " + Math.max(1, chats.maxTokens() / 4));
    }
  }

  /// @param stops the tokens that end an answer
  GkdOptions options(Set<Long> stops) {
    return options(stops, lambda, beta, temperature, new Options(newTokens, Sampling.temperature(samplingTemperature), Set.of(), seed, 0),
        chats.maxTokens());
  }

  private static GkdOptions options(Set<Long> stops, double lambda, double beta, double temperature, Options sampling, int longest) {
    return new GkdOptions(lambda, Divergence.of(beta), temperature, sampling.withStopTokens(stops), new Collator(longest, Math.min(MULTIPLE, longest)));
  }
}
