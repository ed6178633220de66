package org.jtorch.train;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SequencedMap;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.data.Batch;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Llama;
import org.jtorch.observe.EvalEvent;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Optimizer;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A model of a few thousand parameters and rows of random documents, for the tests of trainers.
final class Tiny {
  static final int VOCAB = 61;
  static final int SEQ = 16;
  static final DecoderConfig SHAPE =
      Llama.shape(VOCAB, 16, 32, 2, 2, 1, 8, 32, new Rope(10_000, RopeScaling.NONE), 1e-5, false);
  static final Hooks NO_HOOKS = new Hooks(Tiny::noScore, _ -> {}, () -> false);

  private Tiny() {}

  static EvalEvent noScore(long step) {
    return new EvalEvent(step, 0, 0, 1, List.of());
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  static Decoder model(DType dtype, long seed) {
    var model = Decoder.create(SHAPE, Device.CPU, dtype, Rng.of(seed));
    model.requiresGrad(true);
    return model;
  }

  static AdamW adam(Decoder model) {
    return AdamW.over(model.parameters(), 0.1, AdamW.Options.DEFAULT);
  }

  static Checkpoint checkpoint(Path folder, int keep, Decoder model, Optimizer optimizer, SpikeGuard spikes) {
    return Checkpoint.of(folder, keep, ModelFolder.of(model, null)).with("optimizer", Saved.of(optimizer, model.weights()))
        .with("spike_guard", spikes).with("data", Saved.of(batches(4)));
  }

  static TrainOptions options(long steps) {
    return TrainOptions.of(steps, 3e-3, new Schedule.Constant(0));
  }

  static TokenBatches batches(int batch) {
    return new TokenBatches(5, batch, new Documents(rows(64)));
  }

  /// Rows of documents of random lengths, some of them padded.
  static List<List<long[]>> rows(int n) {
    var random = new Random(11);
    var rows = new ArrayList<List<long[]>>();
    for (int i = 0; i < n; i++) {
      var row = new ArrayList<long[]>();
      int room = SEQ + 1;
      while (room > 3) {
        int length = Math.min(room, 3 + random.nextInt(12));
        row.add(random.longs(length, 0, VOCAB).toArray());
        room -= length;
        room = random.nextInt(4) == 0 ? 0 : room;
      }
      rows.add(row);
    }
    return rows;
  }

  /// Rows in memory, each the documents it holds.
  record Documents(List<List<long[]>> documents) implements RowSource {
    @Override public long rows() {
      return documents.size();
    }

    @Override public int seqLen() {
      return SEQ;
    }

    @Override public void row(long index, long[] tokens, int[] segmentIds) {
      Arrays.fill(tokens, 0);
      Arrays.fill(segmentIds, -1);
      int at = 0;
      int segment = 0;
      for (long[] document : documents.get((int) index)) {
        System.arraycopy(document, 0, tokens, at, document.length);
        Arrays.fill(segmentIds, at, at + document.length, segment++);
        at += document.length;
      }
    }
  }

  /// Loss and gradients of one batch under these options, on a fresh model.
  static Gradients gradients(TrainOptions options, Batch batch) {
    try (var _ = TensorScope.open(); var model = model(DType.F32, 1); var optimizer = adam(model)) {
      double loss = new Pretrainer(model, optimizer, batches(batch.rows()), options).gradients(batch).loss();
      var map = new LinkedHashMap<String, double[]>();
      for (int i = 0; i < model.parameters().size(); i++) {
        map.put("parameter " + i, values(Objects.requireNonNull(model.parameters().get(i).grad())));
      }
      model.zeroGrad();
      return new Gradients(loss, map);
    }
  }

  record Gradients(double loss, SequencedMap<String, double[]> byName) {
    /// The largest difference of any element, relative to the largest of its gradient.
    double distance(Gradients other) {
      double worst = 0;
      for (var entry : byName.entrySet()) {
        double[] mine = entry.getValue();
        double[] theirs = Objects.requireNonNull(other.byName.get(entry.getKey()));
        double largest = Arrays.stream(mine).map(Math::abs).max().orElse(0);
        for (int i = 0; i < mine.length; i++) {
          worst = Math.max(worst, Math.abs(mine[i] - theirs[i]) / largest);
        }
      }
      return worst;
    }
  }

  static double[] values(Tensor t) {
    try (var _ = TensorScope.open()) {
      return t.detach().to(DType.F64).contiguous().toDoubles();
    }
  }

  /// Everything that training changes, by name.
  static SequencedMap<String, double[]> state(Decoder model, Optimizer optimizer) {
    var map = new LinkedHashMap<String, double[]>();
    try (var _ = TensorScope.open()) {
      model.weights().forEach((name, w) -> map.put(name, values(w.view())));
    }
    try (var _ = TensorScope.open()) {
      Saved.of(optimizer, model.weights()).tensors().forEach((name, t) -> map.put("optimizer " + name, values(t)));
    }
    return map;
  }
}
