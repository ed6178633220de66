package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Objects;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Schedule;
import org.jtorch.quant.QuantConfig;
import org.jtorch.quant.Quantizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Adapters under the trainer that pretrains: the model, its loss and its checkpointing know nothing of them.
class LoraTrainingTest {
  private static final LoraConfig CONFIG = LoraConfig.of(8, 16, new Targets.AllLinear());

  @ParameterizedTest @CsvSource({"F32, false, false", "F32, true, false", "BF16, false, false", "BF16, true, true"})
  void overfitsOneBatchAndLeavesTheModelAlone(DType type, boolean checkpointing, boolean quantized) {
    var losses = new ArrayList<Double>();
    try (var model = Tiny.model(type, 1)) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {       // a frozen head of fresh weights is too small to say anything
        model.weights().values().stream().filter(w -> w.shape().length == 2).forEach(w -> w.view().mulInPlace(8));
      }
      if (quantized) {
        Quantizer.apply(model, QuantConfig.NF4);
      }
      var before = frozen(model);
      try (var lora = Lora.apply(model, CONFIG.withDropout(0.05), Rng.of(2));
           var optimizer = AdamW.over(lora.parameters(), 0, AdamW.Options.DEFAULT)) {
        var options = TrainOptions.of(40, 2e-2, new Schedule.Constant(5)).withActivationCheckpointing(checkpointing).withAccumulate(2);
        var result = new Pretrainer(model, optimizer, new TokenBatches(1, 4, new Tiny.Documents(Tiny.rows(4))), options)
            .fit(Progress.START, new StepListener() {
              @Override public void onStep(StepEvent e) {
                losses.add(e.loss());
                assertThat(e.liveTensors()).isZero();
              }
            }, Tiny.NO_HOOKS);
        assertThat(result.finished()).isTrue();
      }
      assertThat(frozen(model)).usingRecursiveComparison().isEqualTo(before);
    }
    assertThat(losses.getLast()).isLessThan(0.7 * losses.getFirst());
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void checkpointingKeepsTheGradientsOfAdapters() {
    var batch = Tiny.batches(8).at(0);
    var kept = gradients(TrainOptions.of(1, 1e-3, new Schedule.Constant(0)), batch);
    var again = gradients(TrainOptions.of(1, 1e-3, new Schedule.Constant(0)).withActivationCheckpointing(true), batch);
    assertThat(kept.keySet()).hasSize(2 * 2 * 7);
    kept.forEach((name, g) -> assertThat(again.get(name)).as(name).isEqualTo(g));
  }

  private static LinkedHashMap<String, double[]> gradients(TrainOptions options, org.jtorch.data.Batch batch) {
    try (var _ = TensorScope.open(); var model = Tiny.model(DType.F32, 1);
         var lora = Lora.apply(model, CONFIG.withDropout(0.2).withStart(LoraConfig.Start.RANDOM), Rng.of(2));
         var optimizer = AdamW.over(lora.parameters(), 0, AdamW.Options.DEFAULT)) {
      var _ = new Pretrainer(model, optimizer, Tiny.batches(batch.rows()), options).gradients(batch);
      var map = new LinkedHashMap<String, double[]>();
      lora.weights().forEach((name, w) -> map.put(name, Tiny.values(Objects.requireNonNull(w.grad(), name))));
      return map;
    }
  }

  private static LinkedHashMap<String, double[]> frozen(Decoder model) {
    var map = new LinkedHashMap<String, double[]>();
    try (var _ = TensorScope.open()) {
      model.weights().forEach((name, w) -> {
        if (!w.parameter().isGivenUp()) {
          map.put(name, Tiny.values(w.view()));
        }
      });
    }
    return map;
  }
}
