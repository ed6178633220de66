package org.jtorch.recipes.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.jtorch.data.DocumentEncoder;
import org.jtorch.decoder.CausalLm;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.text.Tokenizer;

/// What a model writes after a recipe's prompts, which begin as documents do, the same seed every time so that samples can be compared.
///
/// @param eos ends a sample, and stands for an empty prompt
public record Samples(Eval eval, Tokenizer tokenizer, long eos, long seed) {
  /// Each prompt in quotes, and what the model goes on with.
  public List<String> of(CausalLm model) {
    if (eval.prompts().isEmpty()) {
      return List.of();
    }
    var prompts = new ArrayList<long[]>();
    long[] begin = DocumentEncoder.begin(tokenizer);
    for (String text : eval.prompts()) {
      long[] ids = LongStream.concat(LongStream.of(begin), LongStream.of(tokenizer.encodeText(text))).toArray();
      prompts.add(ids.length == 0 ? new long[] {eos} : ids);
    }
    int longest = prompts.stream().mapToInt(p -> p.length).max().orElse(0);
    var options = new Options(Math.min(eval.newTokens(), model.maxPositions() - longest),
        Sampling.temperature(eval.temperature()).withTopK(50), Set.of(eos), seed, eos);
    var texts = new ArrayList<String>();
    for (long[] ids : new Generator(model).generate(prompts, options)) {
      int i = texts.size();
      texts.add('"' + eval.prompts().get(i) + '"' + tokenizer.decodeAfter(prompts.get(i), ids, true));
    }
    return texts;
  }
}
