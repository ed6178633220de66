package org.jtorch.longcontext;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.longcontext.LongContext.Found;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Optimizer;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.train.Hooks;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.jtorch.train.Retention;
import org.jtorch.train.TrainOptions;

/// A model that finds needles among 32 tokens and is to find them among 128.
public record Extending(Path folder, DType dtype, DecoderConfig shape) implements CheckpointedTrainer.Parts {
  static final int SHORT = 32;
  static final int BATCH = 32;
  static final int BATCH_TOKENS = BATCH * SHORT;

  static DecoderConfig shape(int dim, int layers) {
    return Llama.shape(NeedleRows.VOCAB, dim, 2 * dim, layers, 2, 2, dim / 2, SHORT, new Rope(1_000, RopeScaling.NONE), 1e-5, false);
  }

  /// Trains a model from its first step and leaves it in the folder.
  static Extending trained(Path folder, DType dtype, DecoderConfig shape, int steps) {
    var made = new Extending(folder, dtype, shape);
    try (var model = Decoder.create(shape, Device.CPU, dtype, Rng.of(3))) {
      model.requiresGrad(true);
      try (var optimizer = made.optimizer(model)) {
        var hooks = new Hooks(step -> new EvalEvent(step, 0, 0, 1, List.of()), _ -> {}, () -> false);
        new Pretrainer(model, optimizer, new TokenBatches(1, BATCH, NeedleRows.training(SHORT)), options(steps))
            .fit(Progress.START, new StepListener() {}, hooks);
      }
      var _ = folder.resolve("start").toFile().mkdirs();
      Pretrained.save(model, folder.resolve("start"), dtype, null);
    }
    return made;
  }

  private static TrainOptions options(long steps) {
    return TrainOptions.of(steps, 3e-3, new Schedule.Constant(10));
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  @Override public Decoder model(@Nullable Rung rung) {
    return Pretrained.load(rung == null ? shape : rung.of(shape), folder.resolve("start"), Device.CPU, dtype);
  }

  @Override public Optimizer optimizer(Decoder model) {
    return AdamW.over(model.parameters(), 0.01, AdamW.Options.DEFAULT);
  }

  @Override public BatchSource<Batch> batches(Rung rung) {
    return new TokenBatches(rung.length(), BATCH_TOKENS / rung.length(), NeedleRows.training(rung.length()));
  }

  @Override public ModelFolder folder(Decoder model) {
    return ModelFolder.of(model, null);
  }

  /// All that an extension does, in a few steps: a length is learnt whatever the model finds, the next is not, and is rolled back.
  public static void round(Path folder, DType dtype) {
    var made = trained(folder, dtype, shape(16, 1), 1);
    var ladder = List.of(new Rung(64, 1e4), new Rung(128, null, new RopeScaling.Yarn(4, SHORT, 32, 1, true, 1.1)));
    try (var trainer = made.trainer(folder.resolve("run"), CheckpointedTrainer.Surroundings.NONE)) {
      var gate = new Gate(BATCH_TOKENS, 2 * BATCH_TOKENS, 1.0, Gate.Failed.ROLL_BACK);
      var outcome = new ContextExtension(ladder, gate, trainer, () -> accuracy(trainer.model()),
          length -> new Found(NeedleRows.find(trainer.model(), length).asked(), length == 128 ? 100 : 44)).run(ExtensionLog.inMemory());
      if (!(outcome instanceof ContextExtension.Outcome.RolledBack)) {
        throw new IllegalStateException("not rolled back: " + outcome);
      }
    }
  }

  CheckpointedTrainer trainer(Path run, CheckpointedTrainer.Surroundings around) {
    return new CheckpointedTrainer(this, new CheckpointedTrainer.Plan(run, Retention.newest(2), BATCH_TOKENS, options(1)), around);
  }

  /// Short contexts are judged by needles, too, of which there are more.
  static ContextExtension extension(List<Rung> ladder, Gate gate, CheckpointedTrainer trainer) {
    var lengths = new ArrayList<>(ladder.stream().map(Rung::length).toList());
    return new ContextExtension(ladder, gate, trainer, () -> accuracy(trainer.model()), length -> needles(trainer.model(), lengths, length));
  }

  static ShortContext.Score accuracy(Decoder model) {
    var found = NeedleRows.find(model, SHORT, 50, 200);
    double share = (double) found.found() / found.asked();
    return ShortContext.Score.accuracy(share, Math.max(1.0 / found.asked(), Math.sqrt(share * (1 - share) / found.asked())));
  }

  private static Found needles(Decoder model, List<Integer> lengths, int longest) {
    long found = 0;
    long asked = 0;
    for (int length : lengths) {
      if (length <= longest) {
        var here = NeedleRows.find(model, length);
        found += here.found();
        asked += here.asked();
      }
    }
    return new Found(found, asked);
  }
}
