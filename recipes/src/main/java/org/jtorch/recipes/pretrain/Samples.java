package org.jtorch.recipes.pretrain;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jtorch.decoder.CausalLm;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;

/// What the model writes after the recipe's prompts, the same seed every time so that samples can be compared.
record Samples(PretrainRecipe recipe, Corpus corpus) {
  List<String> of(CausalLm model) {
    if (recipe.eval().prompts().isEmpty()) {
      return List.of();
    }
    var tokenizer = corpus.tokenizer();
    long eos = corpus.eosId();
    var prompts = new ArrayList<long[]>();
    for (String text : recipe.eval().prompts()) {
      long[] ids = tokenizer.encodeText(text);
      prompts.add(ids.length == 0 ? new long[] {eos} : ids);
    }
    int longest = prompts.stream().mapToInt(p -> p.length).max().orElse(0);
    var options = new Options(Math.min(recipe.eval().newTokens(), model.maxPositions() - longest),
        Sampling.temperature(recipe.eval().temperature()).withTopK(50), Set.of(eos), recipe.seed(), eos);
    return new Generator(model).generate(prompts, options).stream().map(ids -> tokenizer.decode(ids, true)).toList();
  }
}
