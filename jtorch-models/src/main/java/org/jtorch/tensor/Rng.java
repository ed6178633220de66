package org.jtorch.tensor;

import java.util.SplittableRandom;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.global.torch;

/// A seeded stream of random numbers, passed explicitly: there is no global generator.
///
/// Two kinds of numbers: [#uniform] from Java, the same on every device, for sampling; and tensors filled by
/// libtorch's CPU generator, seeded from the same stream, for initial weights.
public final class Rng {
  private final long seed;
  private long counter;

  private Rng(long seed, long counter) {
    this.seed = seed;
    this.counter = counter;
  }

  public static Rng of(long seed) {
    return new Rng(seed, 0);
  }

  /// The stream of `seed` after `counter` draws: resuming costs nothing.
  public static Rng at(long seed, long counter) {
    return new Rng(seed, counter);
  }

  public long seed() {
    return seed;
  }

  /// How many draws were made, for checkpoints.
  public long counter() {
    return counter;
  }

  /// Goes on after `counter` draws, wherever the stream was.
  public void seek(long counter) {
    this.counter = counter;
  }

  /// The next number in `[0, 1)`.
  public double uniform() {
    return new SplittableRandom(mix(seed, counter++)).nextDouble();
  }

  /// Uniform numbers in `[0, 1)`, float64 on the CPU. `[n]`
  public double[] uniforms(int n) {
    var out = new double[n];
    for (int i = 0; i < n; i++) {
      out[i] = uniform();
    }
    return out;
  }

  /// Normal numbers, drawn in float32 on the CPU and then moved. `[shape]`
  public Tensor normal(double mean, double std, DType dtype, Device device, long... shape) {
    var t = Ops.empty(DType.F32, Device.CPU, shape);
    try (var _ = Grad.off(); var generator = torch.make_generator_cpu(mix(seed, counter++)); var g = new GeneratorOptional(generator)) {
      var _ = t.h().normal_(mean, std, g);
    }
    return t.to(device, dtype);
  }

  /// Uniform numbers in `[low, high)`, drawn in float32 on the CPU and then moved. `[shape]`
  public Tensor uniform(double low, double high, DType dtype, Device device, long... shape) {
    var t = Ops.empty(DType.F32, Device.CPU, shape);
    try (var _ = Grad.off(); var generator = torch.make_generator_cpu(mix(seed, counter++)); var g = new GeneratorOptional(generator)) {
      var _ = t.h().uniform_(low, high, g);
    }
    return t.to(device, dtype);
  }

  private static long mix(long seed, long counter) {
    long z = seed * 0x9E3779B97F4A7C15L + (counter + 1) * 0xD1B54A32D192ED03L;
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }
}
