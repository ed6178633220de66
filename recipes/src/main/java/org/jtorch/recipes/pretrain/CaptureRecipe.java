package org.jtorch.recipes.pretrain;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.distill.CaptureSettings;
import org.jtorch.loss.SparseTargets.Reduction;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Metrics;
import org.jtorch.recipes.run.Save;

/// A teacher that is run once over the rows of a text, for students to come. It leaves what the teacher says of them.
@Named("capture")
public record CaptureRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the model that is run: an earlier stage, or a Hugging Face folder; text is read with its tokenizer") Reference teacher,
    @Doc("one number that draws follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (bf16 where this machine has instructions for its products, else f32; f32 for a model that is f32), bf16 or f32")
    @Default("auto") String dtype,
    @Doc("the rows, as the students will have them") PretrainRecipe.Data data,
    @Doc("most probable tokens that are kept of each position") @Default("64") int topK,
    @Doc("draws that are kept of each position instead, worth the whole distribution on average") @Nullable Integer draws,
    @Doc("rows that the teacher reads at once") @Default("4") int batch) implements Stage {
  public CaptureRecipe {
    if (topK < 1) {
      throw new IllegalArgumentException("`top_k` must be >= 1 but was " + topK + "; 64 is usual");
    }
    if (draws != null && draws < 1) {
      throw new IllegalArgumentException("`draws` must be >= 1 but was " + draws + "; 64 is usual");
    }
    if (batch < 1) {
      throw new IllegalArgumentException("`batch` must be >= 1 but was " + batch + "; 4 is usual");
    }
  }

  /// There is no loop whose figures could be shown.
  Metrics metrics() {
    return new Metrics(false, null);
  }

  CaptureSettings settings() {
    return draws != null ? new CaptureSettings(Reduction.DRAWS, draws, batch, seed) : CaptureSettings.top(topK, batch);
  }

  /// The same as training on text, whose data and checks it shares.
  PretrainRecipe onText() {
    var loop = new PretrainRecipe.Train(1L, null, null, 1, List.of(), 1, 1, new ScheduleConfig.Constant(0), 1, false, 0,
        new LossConfig.NextToken(0, 0), new PretrainRecipe.Spikes(1, 1, 1));
    return new PretrainRecipe(name, teacher, seed, device, dtype, data, null, null, null, loop,
        new OptimizerConfig.AdamW(0.9, 0.95, 1e-8, 0, null), PretrainRecipe.OptimizerState.RESET, new AverageConfig.None(),
        new Eval(0, List.of(), 1, 0), new Save(0, 0, 1, false, 0), metrics());
  }
}
