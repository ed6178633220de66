package org.jtorch.recipes.pretrain;

import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.pretrain.PretrainRecipe.TokenizerConfig;

/// Text made into tokens once, for the stages that follow.
@Named("prepare")
public record PrepareRecipe(
    @Doc("names the stage, and its data for later ones") String name,
    SourceConfig source,
    @Doc("unless another data set or a model brings it") @Nullable TokenizerConfig tokenizer,
    @Doc("a data set or a model whose tokenizer is used") @Nullable Reference tokenizerOf,
    @Doc("share of the documents held out for validation, at most") @Default("0.05") double heldOut,
    @Doc("no more than this many bytes of text are held out") @Default("1000000") long heldOutBytes) implements Stage {
  public PrepareRecipe {
    if (source instanceof SourceConfig.Tokens) {
      throw new IllegalArgumentException("`source` is of type tokens, which are prepared; name a text, e.g. {type: plain-text, path: my.txt}");
    }
    if ((tokenizer == null) == (tokenizerOf == null)) {
      throw new IllegalArgumentException("`tokenizer` and `tokenizer_of`: give one of them, e.g. tokenizer: {type: train, vocab_size: 4096}");
    }
    if (!(heldOut > 0 && heldOut < 1)) {
      throw new IllegalArgumentException("`held_out` must lie between 0 and 1 but was " + heldOut + "; 0.05 is usual");
    }
    if (heldOutBytes < 1) {
      throw new IllegalArgumentException("`held_out_bytes` must be >= 1 but was " + heldOutBytes);
    }
  }
}
