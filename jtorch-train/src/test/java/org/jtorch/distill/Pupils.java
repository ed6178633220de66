package org.jtorch.distill;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.data.RowSource;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.nn.Init;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.text.PreTokenizer;
import org.jtorch.text.Tokenizer;
import org.jtorch.train.Hooks;
import org.jtorch.train.TrainOptions;

/// Teachers and students of a few thousand parameters, their rows, and a tokenizer whose vocabulary theirs fills up.
final class Pupils {
  static final int TOKENS = 264;
  static final int VOCAB = 272;
  static final int SEQ = 12;
  static final Hooks NO_HOOKS = new Hooks(step -> new EvalEvent(step, 0, 0, 1, List.of()), _ -> {}, () -> false);

  private Pupils() {}

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  static Decoder model(DType dtype, long seed) {
    return model(VOCAB, dtype, seed);
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  static Decoder model(int vocab, DType dtype, long seed) {
    var shape = Llama.shape(vocab, 16, 32, 1, 2, 1, 8, 64, new Rope(10_000, RopeScaling.NONE), 1e-5, false).withInit(new Init.Normal(0.3));
    var model = Decoder.create(shape, Device.CPU, dtype, Rng.of(seed));
    model.requiresGrad(true);
    return model;
  }

  static AdamW adam(Decoder model) {
    return AdamW.over(model.parameters(), 0, AdamW.Options.DEFAULT);
  }

  static TrainOptions options(long steps) {
    return TrainOptions.of(steps, 1e-2, new Schedule.Constant(0));
  }

  static Tokenizer tokenizer(Path folder) {
    var options = new BpeTrainer.Options(TOKENS, 1, List.of("<|end|>"), PreTokenizer.GPT2);
    BpeTrainer.train(List.of("the cat sat on the mat, and the dog sat on the cat again"), options).save(folder, 64);
    return Tokenizer.load(folder);
  }

  /// Random rows, every third of them a third shorter, in two documents each.
  record Rows(int count, long seed) implements RowSource {
    @Override public long rows() {
      return count;
    }

    @Override public int seqLen() {
      return SEQ;
    }

    @Override public void row(long index, long[] tokens, int[] segmentIds) {
      int length = index % 3 == 0 ? SEQ * 2 / 3 : SEQ + 1;
      long[] ids = new Random(seed * 1_000 + index).longs(length, 0, TOKENS).toArray();
      Arrays.fill(tokens, 0);
      Arrays.fill(segmentIds, -1);
      System.arraycopy(ids, 0, tokens, 0, length);
      for (int i = 0; i < length; i++) {
        segmentIds[i] = i < 5 ? 0 : 1;
      }
    }
  }

  /// Keeps the steps.
  static final class Recorder implements StepListener {
    final List<StepEvent> steps = new ArrayList<>();

    @Override public void onStep(StepEvent step) {
      steps.add(step);
    }

    double firstLoss() {
      return steps.getFirst().loss();
    }

    double lastLoss() {
      return steps.getLast().loss();
    }
  }
}
