package org.jtorch.recipes.align;

import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.pretrain.OptimizerConfig;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Metrics;
import org.jtorch.recipes.run.Save;

/// A model that learns which of two answers is better.
@Named("dpo")
public record DpoRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the model to begin with and to measure from: an earlier stage, or a Hugging Face folder; its tokenizer comes along") Reference from,
    @Doc("one number that data order and samples follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (as pretrain), bf16 or f32") @Default("auto") String dtype,
    ChatsConfig chats,
    @Default("{}") LossConfig loss,
    @Doc("what the likelihood of the chosen answers is multiplied by; unless given as in the loss's paper, 0.2 is Llama 3's") @Nullable Double nll,
    @Doc("leave what the template writes into answers out of the preference, as Llama 3 does") @Default("false") boolean maskFormat,
    @Doc("a LoRA that learns in the place of the whole model, e.g. {rank: 16}") @Nullable AdapterConfig adapter,
    LoopConfig train, @Default("{}") OptimizerConfig optimizer, @Default("{}") Eval eval, @Default("{}") Save save,
    @Default("{}") Metrics metrics) implements ChatRecipe {
  public DpoRecipe {
    if (nll != null && !(nll >= 0 && nll < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`nll` must be >= 0 but was " + nll + "; 0.2 is Llama 3's");
    }
  }
}
