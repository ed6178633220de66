package org.jtorch.bench;

import java.util.concurrent.TimeUnit;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/// What JTorch adds to libtorch's smallest operators. Run [#main] from an IDE or with the test class path.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
@SuppressWarnings({"MustBeClosedChecker", "NullAway.Init"})
public class OpOverhead {
  private static final int PER_SCOPE = 22;

  private TensorOwner owner;
  private Tensor x;
  private Layer twice;
  private Grad.Mode mode;

  @Setup(Level.Trial) public void setUp() {
    owner = new TensorOwner();
    try (var _ = TensorScope.open()) {
      x = owner.own(Ops.ones(DType.F32, Device.CPU, 64));
    }
    twice = new Layer() {
      @Override protected Tensor forward(Tensor in, Pass pass) {
        return in.add(in);
      }
    };
    mode = Grad.off();
  }

  @TearDown(Level.Trial) public void tearDown() {
    mode.close();
    owner.close();
  }

  /// One of 22 additions of 64 floats in a scope.
  @Benchmark @OperationsPerInvocation(PER_SCOPE) public boolean add() {
    try (var _ = TensorScope.open()) {
      Tensor y = x;
      for (int i = 0; i < PER_SCOPE; i++) {
        y = x.add(x);
      }
      return y.isAlive();
    }
  }

  @Benchmark public boolean emptyScope() {
    try (var scope = TensorScope.open()) {
      return scope == null;
    }
  }

  /// A layer of one addition: its own scope and a promotion.
  @Benchmark public boolean layer() {
    try (var _ = TensorScope.open()) {
      return twice.apply(x).isAlive();
    }
  }

  public static void main(String[] args) throws RunnerException {
    var results = new Runner(new OptionsBuilder().include(OpOverhead.class.getName()).build()).run();
    System.out.println(results.size() + " benchmarks");
  }
}
