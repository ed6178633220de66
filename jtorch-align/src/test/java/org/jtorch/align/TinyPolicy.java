package org.jtorch.align;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Gemma2;
import org.jtorch.family.Llama;
import org.jtorch.nn.Module;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Optimizer;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.text.Tokenizer;
import org.jtorch.train.Hooks;
import org.jtorch.train.Saved;
import org.jtorch.train.TrainOptions;

/// A model of a few thousand parameters and what tests of trainers need around it.
public final class TinyPolicy {
  public static final int VOCAB = 61;
  public static final DecoderConfig SHAPE =
      Llama.shape(VOCAB, 16, 32, 2, 2, 1, 8, 32, new Rope(10_000, RopeScaling.NONE), 1e-5, false);
  public static final Hooks NO_HOOKS = new Hooks(step -> new EvalEvent(step, 0, 0, 1, List.of()), _ -> {}, () -> false);

  private TinyPolicy() {}

  /// For rows of up to 200 tokens: several blocks of queries; windows that are shorter than a prompt.
  public static List<DecoderConfig> longShapes() {
    return List.of(Llama.shape(VOCAB, 16, 32, 2, 2, 1, 8, 200, new Rope(10_000, RopeScaling.NONE), 1e-5, false),
        Gemma2.shape(VOCAB, 16, 32, 2, 2, 1, 8, 8, 200, 20));
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Decoder model(DType dtype, long seed) {
    var model = Decoder.create(SHAPE, Device.CPU, dtype, Rng.of(seed));
    model.requiresGrad(true);
    return model;
  }

  public static AdamW adam(Module model) {
    return AdamW.over(model.parameters(), 0, AdamW.Options.DEFAULT);
  }

  public static TrainOptions options(long steps, double rate) {
    return TrainOptions.of(steps, rate, new Schedule.Constant(0));
  }

  /// Keeps the steps.
  public static final class Recorder implements StepListener {
    public final List<StepEvent> steps = new ArrayList<>();

    @Override public void onStep(StepEvent step) {
      steps.add(step);
    }

    public double last(String figure) {
      return steps.getLast().figures().getOrDefault(figure, Double.NaN);
    }

    public double first(String figure) {
      return steps.getFirst().figures().getOrDefault(figure, Double.NaN);
    }
  }

  public static double[] values(Tensor t) {
    try (var _ = TensorScope.open()) {
      return t.detach().to(DType.F64).contiguous().toDoubles();
    }
  }

  /// Everything that training changes, by name.
  public static SequencedMap<String, double[]> state(Module model, Optimizer optimizer) {
    var map = new LinkedHashMap<String, double[]>();
    try (var _ = TensorScope.open()) {
      model.weights().forEach((name, w) -> map.put(name, values(w.view())));
      Saved.of(optimizer, model.weights()).tensors().forEach((name, t) -> map.put("optimizer " + name, values(t)));
    }
    return map;
  }

  /// Gradients of all parameters, one after another.
  public static double[] gradients(Module model) {
    try (var _ = TensorScope.open()) {
      return model.parameters().stream().flatMapToDouble(p -> {
      Tensor g = p.grad();
      return g == null ? IntStream.range(0, (int) p.numel()).mapToDouble(_ -> 0) : Arrays.stream(values(g));
    }).toArray();
    }
  }

  /// A small tokenizer with the special tokens of ChatML.
  public static Path tokenizer(Path folder) {
    var texts = IntStream.range(0, 30).mapToObj(i -> "What is " + i + " plus one? It is " + (i + 1) + ". The cat sat on the mat.").toList();
    BpeTrainer.train(texts, new BpeTrainer.Options(300, 2, List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
        BpeTrainer.Options.of(300).split())).save(folder, 512);
    return folder;
  }

  @MustBeClosed
  public static Tokenizer load(Path folder) {
    return Tokenizer.load(tokenizer(folder));
  }
}
