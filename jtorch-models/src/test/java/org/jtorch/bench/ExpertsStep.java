package org.jtorch.bench;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Objects;
import java.util.SequencedMap;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.ffn.FeedForwardConfig.Names;
import org.jtorch.ffn.GatedMlp;
import org.jtorch.ffn.MixtureOfExperts;
import org.jtorch.ffn.Routing;
import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Forward and backward of an expert layer and of a dense one with the same active parameters, in turn; medians.
///
/// Arguments: tokens, width C, dense hidden width, type, rounds. The dense width is split over four active experts of sixteen,
/// and over four and a shared one of half the width.
final class ExpertsStep {
  private static final Init INIT = new Init.Normal(0.02);

  private ExpertsStep() {}

  public static void main(String[] args) {
    int tokens = argument(args, 0, 1024);
    int dim = argument(args, 1, 512);
    int hidden = argument(args, 2, 1408);
    var dtype = DType.parse(args.length > 3 ? args[3] : "f32");
    var layers = new LinkedHashMap<String, Layer>();
    layers.put("dense", new GatedMlp(new Gated(hidden, Activation.SILU, false), dim, INIT));
    layers.put("4 of 16 experts", experts(16, hidden / 4, 0, dim));
    layers.put("4 of 16 and a shared one", experts(16, hidden / 8, hidden / 2, dim));
    layers.put("4 of 64 experts", experts(64, hidden / 4, 0, dim));
    layers.values().forEach(l -> l.initialize(Device.CPU, dtype, Rng.of(1)).requiresGrad(true));
    measure(layers, tokens, dim, dtype, argument(args, 4, 15));
    layers.values().forEach(Layer::close);
  }

  private static int argument(String[] args, int i, int otherwise) {
    return args.length > i ? Integer.parseInt(args[i]) : otherwise;
  }

  private static MixtureOfExperts experts(int count, int hidden, int shared, int dim) {
    return new MixtureOfExperts(new Experts(count, 4, hidden, Activation.SILU, true, shared, 0.001, Names.QWEN), dim, 0, INIT);
  }

  private static void measure(SequencedMap<String, Layer> layers, int tokens, int dim, DType dtype, int rounds) {
    var times = new LinkedHashMap<String, double[]>();
    layers.keySet().forEach(name -> times.put(name, new double[rounds]));
    for (int i = -3; i < rounds; i++) {
      for (var e : layers.entrySet()) {
        long start = clock();
        step(e.getValue(), tokens, dim, dtype);
        if (i >= 0) {
          Objects.requireNonNull(times.get(e.getKey()))[i] = (clock() - start) / 1e6;
        }
      }
    }
    double dense = median(times.firstEntry().getValue());
    times.forEach((name, t) -> System.out.println(String.format(Locale.ROOT, "%-26s median %7.2f ms, least %7.2f ms, %.2f x dense",
        name, median(t), Arrays.stream(t).min().orElse(0), median(t) / dense)));
  }

  /// Time of this thread on a processor with `-Djtorch.clock=cpu` (and OMP_NUM_THREADS=1), where others work on the machine.
  private static long clock() {
    return "cpu".equals(System.getProperty("jtorch.clock")) ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime()
        : System.nanoTime();
  }

  private static double median(double[] t) {
    return Arrays.stream(t).sorted().skip(t.length / 2).findFirst().orElse(0);
  }

  private static void step(Layer layer, int tokens, int dim, DType dtype) {
    try (var tape = GradTape.open()) {
      Tensor x = tape.cut(Rng.of(2).normal(0, 1, dtype, Device.CPU, 1, tokens, dim).requiresGrad(true));
      var routing = new Routing(tape.scope());
      Tensor y = layer.apply(x, Pass.training(tape).withRouting(routing));
      routing.trainWith(0.001);
      tape.backward(y, Ops.ones(dtype, Device.CPU, y.shape()));
    }
    try (var _ = TensorScope.open()) {
      layer.zeroGrad();
    }
  }
}
