package org.jtorch.recipes.pretrain;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.DataException;
import org.jtorch.recipes.pretrain.PretrainRecipe.TokenizerConfig;
import org.jtorch.text.Tokenizer;

/// Whether the parts of a recipe, each of which is right by itself, fit together: tokenizer, model, rows.
record Parts(Setup setup) {
  List<String> problems() {
    var problems = new ArrayList<String>();
    try {
      var recipe = setup.recipe();
      requireEos(problems);
      DecoderConfig shape = Shapes.of(setup, setup.vocab());
      int seqLen = recipe.train().ramp(recipe.data().seqLen()).longest();
      if (seqLen > shape.maxPositions() && !shape.growsWithLength()) {
        problems.add("`data.seq_len` " + seqLen + " is longer than the model allows (max_positions: " + shape.maxPositions() + ")");
      }
    } catch (IllegalArgumentException | DataException e) {
      problems.add("`" + (setup.recipe().from() == null ? "model" : "from") + "` " + e.getMessage());
    }
    return problems;
  }

  private void requireEos(List<String> problems) {
    if (setup.recipe().tokenizer() instanceof TokenizerConfig.File(var path, String eos)) {
      try (var tokenizer = Tokenizer.load(path)) {
        if (tokenizer.id(eos) == null) {
          problems.add("`tokenizer.eos` " + path + " has no token \"" + eos + "\"; its special tokens are " + tokenizer.specialTokens());
        }
      }
    }
  }
}
