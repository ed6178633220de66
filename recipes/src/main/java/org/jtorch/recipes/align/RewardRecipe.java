package org.jtorch.recipes.align;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.PreferenceLevel;
import org.jtorch.align.reward.Ranking;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.pretrain.OptimizerConfig;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Metrics;
import org.jtorch.recipes.run.Save;

/// A reward model: what answers are worth, learned from rankings.
@Named("reward")
public record RewardRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the language model to begin with: an earlier stage, or a Hugging Face folder; its tokenizer comes along") Reference from,
    @Doc("one number that the order of the data follows from") @Default("1") long seed,
    @Doc("what the fresh head follows from; reward models that are averaged need the same") @Default("1") long headSeed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (as pretrain), bf16 or f32") @Default("auto") String dtype,
    @Doc("rankings: chosen and rejected, or more answers, the best first; with `level`, `margin` and grades where there are any") ChatsConfig chats,
    @Doc("what levels of preference do: plain (nothing, Llama 3), small_margin or large_margin (Llama 2), soft (AFM's soft labels)")
    @Default("plain") Ranking ranking,
    @Doc("rankings of a less clear level are left out; Llama 3 keeps `better` and above") @Nullable PreferenceLevel atLeast,
    @Doc("what AFM's grades of single answers count beside the ranking; 0: they are not learned") @Default("0") double gradeWeight,
    @Doc("pulls the rewards of a pair towards 0; 0.01 is usual, 0 for none") @Default("0") double centering,
    @Doc("further rankings that are only ranked, by names of one's own: {bench: {path: bench.jsonl}}") @Default("{}")
    Map<String, ChatsConfig.Source> tests,
    @Doc("a LoRA that learns in the place of the whole model, e.g. {rank: 16}") @Nullable AdapterConfig adapter,
    LoopConfig train, @Default("{}") OptimizerConfig optimizer,
    @Doc("as of other runs; a reward model answers no prompts") @Default("{}") Eval eval, @Default("{}") Save save,
    @Default("{}") Metrics metrics) implements ChatRecipe {
  public RewardRecipe {
    if (!(gradeWeight >= 0 && gradeWeight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`grade_weight` must be >= 0 but was " + gradeWeight + "; 0.1 is usual");
    }
    if (!(centering >= 0 && centering < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`centering` must be >= 0 but was " + centering + "; 0.01 is usual");
    }
  }
}
