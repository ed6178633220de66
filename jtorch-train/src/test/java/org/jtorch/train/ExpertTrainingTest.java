package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.jtorch.data.Batch;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Names;
import org.jtorch.ffn.Routing;
import org.jtorch.nn.Pass;
import org.jtorch.nn.Weight;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Training of a model with experts: the balancing loss enters the gradient, and leaves out padding.
class ExpertTrainingTest {
  private static DecoderConfig shape(double coefficient) {
    var dense = Tiny.SHAPE.blocks().getFirst();
    var experts = new Experts(4, 2, 12, Activation.SILU, false, 8, coefficient, Names.QWEN);
    return Tiny.SHAPE.withBlocks(List.of(dense, new BlockConfig(dense.attention(), experts), new BlockConfig(dense.attention(), experts)));
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private static Decoder model(double coefficient) {
    var model = Decoder.create(shape(coefficient), Device.CPU, DType.F32, Rng.of(1));
    model.requiresGrad(true);
    return model;
  }

  @Test void theGradientIsThatOfBothLosses() {
    var batch = Tiny.batches(4).at(0);
    var expected = new LinkedHashMap<String, double[]>();
    double aux;
    double loss;
    try (var model = model(0.5); var scope = TensorScope.open()) {
      var input = BatchTensors.of(batch, Device.CPU);
      var routing = new Routing(scope, input.real(), false);
      Tensor logits = model.apply(input.tokens(), input.on(Pass.EMPTY).withRouting(routing));
      Tensor ce = Ops.crossEntropy(logits.view(-1, Tiny.VOCAB), Ops.of(batch.targets(), Device.CPU, batch.targets().length));
      ce.add(routing.auxLoss().mul(0.5)).backward();
      aux = routing.auxLoss().item();
      loss = ce.item();
      model.weights().forEach((name, w) -> expected.put(name, gradient(w)));
      model.zeroGrad();
    }
    for (boolean checkpointing : new boolean[] {false, true}) {
      var run = run(0.5, Tiny.options(1).withActivationCheckpointing(checkpointing), batch);
      assertThat(run.loss).isCloseTo(loss, within(1e-5));
      assertThat(run.aux).isCloseTo(aux, within(1e-5));
      expected.forEach((name, g) -> assertThat(run.gradients.get(name)).as(name).containsExactly(g, within(2e-6)));
    }
  }

  @ParameterizedTest @ValueSource(ints = {2, 4}) void microBatchesCountByTheirShare(int accumulate) {
    var batch = Tiny.batches(4).at(0);
    var split = run(0.5, Tiny.options(1).withAccumulate(accumulate), batch);
    double aux = 0;
    var sum = new LinkedHashMap<String, double[]>();
    for (int i = 0; i < accumulate; i++) {
      var micro = batch.slice(i * 4 / accumulate, 4 / accumulate);
      double share = (double) micro.trainedTokens() / batch.trainedTokens();
      var alone = run(0.5, Tiny.options(1), micro);
      aux += alone.aux * share;
      alone.gradients.forEach((name, g) -> sum.merge(name, times(g, share), ExpertTrainingTest::plus));
    }
    assertThat(split.aux).isCloseTo(aux, within(1e-5));
    sum.forEach((name, g) -> assertThat(split.gradients.get(name)).as(name).containsExactly(g, within(2e-6)));
    assertThat(split.loss).isCloseTo(run(0.5, Tiny.options(1), batch).loss, within(1e-5));
  }

  @Test void withoutACoefficientNothingIsAdded() {
    assertThat(run(0, Tiny.options(1), Tiny.batches(4).at(0)).aux).isZero();
  }

  @Test void learnsAndReports() {
    var steps = new ArrayList<StepEvent>();
    try (var model = model(0.01); var optimizer = Tiny.adam(model)) {
      var options = TrainOptions.of(60, 2e-2, new Schedule.Constant(5));
      var result = new Pretrainer(model, optimizer, new TokenBatches(1, 4, new Tiny.Documents(Tiny.rows(4))), options)
          .fit(Progress.START, new StepListener() {
            @Override public void onStep(StepEvent step) {
              steps.add(step);
            }
          }, Tiny.NO_HOOKS);
      assertThat(result.finished()).isTrue();
    }
    assertThat(steps.getLast().loss()).isLessThan(0.3);
    assertThat(steps).allMatch(s -> aux(s) > 1.5 && aux(s) < 4 && s.liveTensors() == 0);
    assertThat(steps.getLast().nativeObjects()).isEqualTo(steps.get(20).nativeObjects());
  }

  private static double aux(StepEvent step) {
    return step.figures().getOrDefault(Pretrainer.AUX_LOSS, 0.0);
  }

  private static double[] times(double[] values, double factor) {
    return Arrays.stream(values).map(v -> v * factor).toArray();
  }

  private static double[] plus(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] + b[i]).toArray();
  }

  private record Run(double loss, double aux, SequencedMap<String, double[]> gradients) {}

  private static Run run(double coefficient, TrainOptions options, Batch batch) {
    try (var _ = TensorScope.open(); var model = model(coefficient); var optimizer = Tiny.adam(model)) {
      var trainer = new Pretrainer(model, optimizer, Tiny.batches(batch.rows()), options);
      var loss = trainer.gradients(batch);
      var map = new LinkedHashMap<String, double[]>();
      model.weights().forEach((name, w) -> map.put(name, gradient(w)));
      model.zeroGrad();
      return new Run(loss.loss(), loss.figures().getOrDefault(Pretrainer.AUX_LOSS, 0.0), map);
    }
  }

  private static double[] gradient(Weight w) {
    return Tiny.values(Objects.requireNonNull(w.grad(), w.name()));
  }
}
