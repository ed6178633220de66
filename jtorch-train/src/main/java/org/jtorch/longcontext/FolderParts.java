package org.jtorch.longcontext;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.Device;
import org.jtorch.train.ModelFolder;

/// The model in a Hugging Face folder, in the type of its file, to be extended.
///
/// @param rows of a length
public record FolderParts(Path home, Device device, Function<Decoder, Optimizer> optimizers, Function<Rung, BatchSource<Batch>> rows)
    implements CheckpointedTrainer.Parts {
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  @Override public Decoder model(@Nullable Rung rung) {
    var shape = Pretrained.config(home);
    return Pretrained.load(rung == null ? shape : rung.of(shape), home, device, null);
  }

  @Override public Optimizer optimizer(Decoder model) {
    return optimizers.apply(model);
  }

  @Override public BatchSource<Batch> batches(Rung rung) {
    return rows.apply(rung);
  }

  /// With the files of the tokenizer.
  @Override public ModelFolder folder(Decoder model) {
    return ModelFolder.of(model, home);
  }
}
