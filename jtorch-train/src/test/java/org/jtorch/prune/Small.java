package org.jtorch.prune;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.Batch;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Afm;
import org.jtorch.family.Gemma2;
import org.jtorch.family.Llama;
import org.jtorch.family.Qwen2;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.Init;
import org.jtorch.nn.Pass;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.BatchTensors;
import org.jtorch.train.Hooks;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.jtorch.train.TrainOptions;

/// Models of a few thousand parameters for the tests of pruning, and a task whose answers lie in the feed-forward layers.
final class Small {
  static final int VOCAB = 48;
  static final int WIDTH = 64;
  static final Hooks NO_HOOKS = new Hooks(step -> new EvalEvent(step, 0, 0, 1, List.of()), _ -> {}, () -> false);
  private static final int SEQ = 16;

  /// A dense model of each family.
  enum Family {
    LLAMA(Llama.shape(VOCAB, 32, WIDTH, 2, 4, 2, 8, 64, new Rope(10_000, RopeScaling.NONE), 1e-5, false)),
    QWEN2(Qwen2.shape(VOCAB, 32, WIDTH, 2, 4, 2, 8, 64, new Rope(10_000, RopeScaling.NONE), true)),
    GEMMA2(Gemma2.shape(VOCAB, 32, WIDTH, 2, 4, 2, 8, 8, 64, 8)),
    AFM(Afm.shape(VOCAB, 32, WIDTH, 2, 4, 2, 8, 64));

    final DecoderConfig shape;

    Family(DecoderConfig shape) {
      this.shape = shape.withInit(new Init.Normal(0.2));
    }

    @MustBeClosed
    @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
    Decoder model(DType dtype) {
      var model = Decoder.create(shape, Device.CPU, dtype, Rng.of(1));
      model.requiresGrad(true);
      return model;
    }
  }

  /// Steps as they come.
  static final class Recorder implements StepListener {
    final List<StepEvent> steps = new ArrayList<>();

    @Override public void onStep(StepEvent event) {
      steps.add(event);
    }
  }

  private Small() {}

  static Tensor ids() {
    return Ops.of(new Random(5).longs(20, 0, VOCAB).toArray(), Device.CPU, 2, 10);
  }

  /// Random masks, some of them 0 and some 1. `[L, F]`
  static Tensor masks(long seed) {
    return HardConcrete.DEFAULT.sample(Ops.zeros(DType.F32, Device.CPU, 2, WIDTH), Rng.of(seed));
  }

  /// What a model says of [#ids]. `[B * T * V]`
  static float[] logits(Decoder model) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return model.apply(ids(), Pass.EMPTY).to(DType.F32).toFloats();
    }
  }

  /// Rows of a first token that names one of four tables, and tokens that follow each other as it says: what follows what is known
  /// by heart or not at all.
  static ExampleBatches<TokenRow, Batch> task(int rows) {
    var random = new Random(2);
    var tables = new int[4][];
    for (int t = 0; t < tables.length; t++) {
      var order = new ArrayList<>(IntStream.range(4, VOCAB).boxed().toList());
      Collections.shuffle(order, random);
      tables[t] = order.stream().mapToInt(i -> i).toArray();
    }
    var list = new ArrayList<TokenRow>();
    for (int r = 0; r < 256; r++) {
      var row = new long[SEQ + 1];
      int table = random.nextInt(4);
      row[0] = table;
      row[1] = 4 + random.nextInt(VOCAB - 4);
      for (int i = 2; i <= SEQ; i++) {
        row[i] = tables[table][(int) row[i - 1] - 4];
      }
      list.add(TokenRow.of(row));
    }
    return new ExampleBatches<>(3, rows, list, new Collator(SEQ + 1, 4)::batch);
  }

  /// A model that knows the task.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  static Decoder taught(int steps) {
    var model = Decoder.create(Family.LLAMA.shape, Device.CPU, DType.F32, Rng.of(1));
    model.requiresGrad(true);
    try (var adam = AdamW.over(model.parameters(), 0, AdamW.Options.DEFAULT)) {
      var options = TrainOptions.of(steps, 1e-2, new Schedule.Cosine(5, steps, 0.1));
      var _ = new Pretrainer(model, adam, task(32), options).fit(Progress.START, new Recorder(), NO_HOOKS);
    }
    model.requiresGrad(false);
    return model;
  }

  /// The mean loss on rows of the task.
  static double loss(Decoder model) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var batch = task(64).at(1_000);
      var input = BatchTensors.of(batch, model.device());
      return new ChunkedCrossEntropy().sum(model, model.hidden(input.tokens(), input.on(Pass.EMPTY), null), batch.targets())
          / batch.trainedTokens();
    }
  }

  static SequencedMap<String, float[]> weights(Decoder model) {
    var map = new LinkedHashMap<String, float[]>();
    try (var _ = TensorScope.open()) {
      model.weights().forEach((name, w) -> map.put(name, w.view().detach().to(DType.F32).contiguous().toFloats()));
    }
    return map;
  }
}
