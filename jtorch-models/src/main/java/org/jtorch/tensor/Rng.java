package org.jtorch.tensor;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch_cuda;

/// A seeded stream of random numbers, passed explicitly: there is no global generator.
///
/// Three kinds of numbers: [#uniform] from Java, the same on every device, for sampling; tensors filled by libtorch's CPU
/// generator, seeded from the same stream, for initial weights; and masks drawn on the device that needs them.
///
/// [#state] is all there is to save: [#restore] goes on with the same numbers.
public final class Rng {
  private long seed;
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

  /// Seed and counter, for checkpoints. int64 `[2]`
  public Tensor state() {
    return Tensor.of(seed, counter);
  }

  /// Goes on where another stream, or this one, was.
  ///
  /// @param state what [#state] was then
  public void restore(Tensor state) {
    if (!state.is(2) || state.dtype() != DType.I64) {
      throw new IllegalArgumentException("the state of a random stream is i64 [2], seed and counter, but was " + state);
    }
    long[] values = state.toLongs();
    seed = values[0];
    counter = values[1];
  }

  /// Leaves one draw out.
  ///
  /// @return its number, for [#at]
  @CanIgnoreReturnValue
  public long skip() {
    return counter++;
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

  /// Ones, and zeros with the probability `drop`: drawn where `like` lies, in its shape and type. The numbers differ between the
  /// kinds of device.
  public Tensor mask(double drop, Tensor like) {
    Tensor t = Ops.empty(DType.F32, like.device(), like.shape());
    try (var _ = Grad.off(); var generator = generator(like.device(), mix(seed, counter++)); var g = new GeneratorOptional(generator)) {
      var _ = t.h().uniform_(0, 1, g);
    }
    return t.ge(drop).to(like.dtype());
  }

  private static Generator generator(Device device, long seed) {
    if (!device.isCuda()) {
      return torch.make_generator_cpu(seed);
    }
    var generator = torch_cuda.make_generator_cuda((byte) device.index());
    generator.set_current_seed(seed);
    return generator;
  }

  private static long mix(long seed, long counter) {
    long z = seed * 0x9E3779B97F4A7C15L + (counter + 1) * 0xD1B54A32D192ED03L;
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }
}
