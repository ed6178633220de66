package org.jtorch.align.rollout;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jtorch.decoder.CausalLm;
import org.jtorch.generate.Generation;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.TokenListener;

/// How a policy answers while it learns: with the weights that are trained, K answers to a prompt, whose cache they share.
///
/// ```java
/// var rollouts = new Rollouts(8, options, tokens -> tokenizer.decode(tokens, true));
/// List<Answer> answers = rollouts.sample(policy, prompts, 0);            // the first prompt's eight, then the second's
/// ```
///
/// @param answers K, to each prompt
/// @param sampling length, temperature, stop tokens and the seed from which every answer draws its own stream
/// @param words the text of new tokens, for those who judge it
/// @param atOnce most answers in the making; the others wait for places
public record Rollouts(int answers, Options sampling, Function<long[], String> words, int atOnce) {
  public Rollouts {
    if (answers < 1) {
      throw new IllegalArgumentException("`answers` must be >= 1 but was " + answers + "; 4 to 16 are usual");
    }
    if (sampling.sampling().isGreedy()) {
      throw new IllegalArgumentException("`temperature` is 0, which gives every prompt the same answer each time; 1 is usual");
    }
  }

  /// As many answers at once as there are.
  public Rollouts(int answers, Options sampling, Function<long[], String> words) {
    this(answers, sampling, words, Integer.MAX_VALUE);
  }

  /// The answers to all prompts, K in a row for each.
  ///
  /// @param first the number of the first answer among all of the run: what makes its stream of random numbers its own. A prompt's answers
  ///     depend on it alone, so prompts may be divided among processes
  public List<Answer> sample(CausalLm policy, List<Prompt> prompts, long first) {
    if (prompts.isEmpty()) {
      return List.of();
    }
    var tokens = prompts.stream().map(Prompt::tokens).toList();
    List<Generation> made = new Generator(policy, atOnce).sample(tokens, answers, sampling, first, TokenListener.NONE);
    var all = new ArrayList<Answer>(made.size());
    for (int i = 0; i < made.size(); i++) {
      all.add(answer(prompts.get(i / answers), made.get(i)));
    }
    return all;
  }

  /// An answer of which the tokens are known.
  public Answer answer(Prompt prompt, Generation generation) {
    return new Answer(prompt, generation, words.apply(generation.tokens()));
  }
}
