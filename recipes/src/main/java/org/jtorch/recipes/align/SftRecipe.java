package org.jtorch.recipes.align;

import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.TrainedTurns;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.pretrain.OptimizerConfig;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Metrics;
import org.jtorch.recipes.run.Save;

/// A model that learns to answer as in conversations.
@Named("sft")
public record SftRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the model to begin with: an earlier stage, or a Hugging Face folder; its tokenizer comes along") Reference from,
    @Doc("one number that data order and samples follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (as pretrain), bf16 or f32") @Default("auto") String dtype,
    ChatsConfig chats,
    @Doc("which turns of the assistant are learned: all, or the last in the context of the others") @Default("all") TrainedTurns turns,
    @Doc("several conversations a row, kept apart by the document mask") @Default("true") boolean packing,
    @Doc("a LoRA that learns in the place of the whole model, e.g. {rank: 16}") @Nullable AdapterConfig adapter,
    LoopConfig train, @Default("{}") OptimizerConfig optimizer, @Default("{}") Eval eval, @Default("{}") Save save,
    @Default("{}") Metrics metrics) implements ChatRecipe {}
