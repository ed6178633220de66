package org.jtorch.recipes.pretrain;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Metrics;
import org.jtorch.recipes.run.Save;

/// A model made smaller: its feed-forward layers keep their best neurons (AFM, arXiv:2407.21075, section 3.2). It leaves an ordinary model.
@Named("prune")
public record PruneRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the model that is pruned: an earlier stage, or a Hugging Face folder; its tokenizer comes along") Reference from,
    @Doc("neurons of each feed-forward layer that stay") int hidden,
    @Doc("what `hidden` must be a multiple of, for hardware that likes round numbers") @Default("1") int multiple,
    @Doc("how they are chosen") @Default("{}") PruneMethod method,
    @Doc("one number that data order and random masks follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (bf16 where this machine has instructions for its products, else f32; f32 for a model that is f32), bf16 or f32")
    @Default("auto") String dtype,
    @Doc("text that the masks learn on, and that the models are validated on") PretrainRecipe.Data data,
    @Doc("the loop of methods that learn; the others have none") PretrainRecipe.@Nullable Train train,
    @Doc("of the model's weights, if they learn along") @Default("{}") OptimizerConfig optimizer,
    @Default("{}") Eval eval, @Default("{}") Save save, @Default("{}") Metrics metrics) implements Stage {
  private static final int ROWS = 8;

  public PruneRecipe {
    OptimizerConfig.forPretraining(optimizer);
    if (hidden < 1) {
      throw new IllegalArgumentException("`hidden` must be >= 1 but was " + hidden + "; a third of the model's is AFM's choice");
    }
    if (multiple < 1 || hidden % multiple != 0) {
      throw new IllegalArgumentException("`hidden` (" + hidden + ") must be a multiple of `multiple` (" + multiple + "); e.g. hidden: "
          + Math.ceilDiv(hidden, Math.max(1, multiple)) * Math.max(1, multiple));
    }
    if (method instanceof PruneMethod.Learned && train == null) {
      throw new IllegalArgumentException("`train` is missing, and the masks are learned; e.g. train: {steps: 200, batch: 8, learning_rate: 1e-4},"
          + " or method: {type: magnitude}, which needs none");
    }
    if (save.keepBest()) {
      throw new IllegalArgumentException("`save.keep_best` has no use here: a model is best before it is pruned; remove it");
    }
  }

  /// The same as training on text, whose data, plan and checks it shares.
  PretrainRecipe onText() {
    var loop = train != null ? train : new PretrainRecipe.Train(1L, null, null, ROWS, List.of(), 1, 1, new ScheduleConfig.Constant(0), 1, false, 0,
        new LossConfig.NextToken(0, 0), new PretrainRecipe.Spikes(0, 1, 1));
    return new PretrainRecipe(name, from, seed, device, dtype, data, null, null, null, loop, optimizer, PretrainRecipe.OptimizerState.RESET,
        new AverageConfig.None(), eval, save, metrics);
  }
}
