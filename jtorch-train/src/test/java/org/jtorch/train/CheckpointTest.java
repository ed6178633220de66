package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.Pretrainer.Progress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
  private static final long SEED = 5;
  private static final long STEPS = 10;

  private record End(Progress progress, SequencedMap<String, double[]> state, List<Double> guard, List<Double> losses) {}

  /// Trains until step `until` in a model of its own, going on from the newest checkpoint.
  private static End train(Checkpoint checkpoint, DType dtype, long until, long every, List<String> notes) {
    try (var model = Tiny.model(dtype, until); var optimizer = Tiny.adam(model)) {
      if (until == STEPS) {
        initialLike(model, dtype);
      }
      var options = Tiny.options(STEPS).withAccumulate(2).withEvery(0, every);
      var trainer = new Pretrainer(model, optimizer, Tiny.batches(4), options);
      var from = checkpoint.newest(notes::add).map(p -> Checkpoint.restore(p, model, optimizer, trainer.spikes(), SEED))
          .orElse(Progress.START);
      if (from == Progress.START) {
        initialLike(model, dtype);
        optimizer.load(name -> java.util.Objects.requireNonNull(optimizer.state().get(name)));
      }
      var recorder = new PretrainerTest.Recorder();
      var hooks = new Pretrainer.Hooks(Tiny::noScore,
          now -> checkpoint.save(model, optimizer, trainer.spikes(), now, SEED), () -> last(recorder) == until);
      var end = trainer.fit(from, recorder, hooks).progress();
      return new End(end, Tiny.state(model, optimizer), trainer.spikes().state(), recorder.steps.stream().map(s -> s.loss()).toList());
    }
  }
}
