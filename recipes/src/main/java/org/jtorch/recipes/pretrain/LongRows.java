package org.jtorch.recipes.pretrain;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.data.TokenShards;

/// Whether a text has what long rows need: enough tokens, and documents that are longer than what the model knows already.
final class LongRows {
  private LongRows() {}

  /// Problems with the keys of the recipe's lengths.
  static List<String> problems(ExtendRecipe recipe, PreparedCorpus corpus) {
    var problems = new ArrayList<String>();
    long tokens = corpus.sources().stream().mapToLong(source -> source.tokens().tokens()).sum();
    long longest = corpus.sources().stream().mapToLong(source -> longest(source.tokens())).max().orElse(0);
    int known = recipe.data().seqLen();
    for (int i = 0; i < recipe.ladder().size(); i++) {
      int length = recipe.ladder().get(i).length();
      String key = "`ladder[" + i + "].length` " + length + " cannot be filled: ";
      if (tokens < recipe.train().batchTokens()) {
        problems.add(key + "the text has " + tokens + " tokens, and a step takes " + recipe.train().batchTokens() + "; give more text");
      } else if (recipe.data().documentMask() && longest <= known) {
        problems.add(key + "no document has more than " + longest + " tokens, and rows keep documents apart; give longer texts, or data.document_mask:"
            + " false");
      }
      known = length;
    }
    return problems;
  }

  private static long longest(TokenShards tokens) {
    return LongStream.range(0, tokens.documents()).map(tokens::length).max().orElse(0);
  }
}
