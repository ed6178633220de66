package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class MuonTest {
  @AfterEach void nothingIsLeft() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @ParameterizedTest @CsvSource({"12, 12", "6, 20", "20, 6"})
  void singularValuesComeNearOneAndVectorsStay(long rows, long columns) {
    try (var _ = TensorScope.open()) {
      Tensor u = Rng.of(1).normal(0, 3, DType.F32, Device.CPU, rows, columns);
      Tensor o = Muon.orthogonal(u, 5, DType.F32);
      assertThat(o.square().sum().item() / Math.min(rows, columns)).isBetween(0.6, 1.3);     // the mean square of the singular values
      Tensor both = rows <= columns ? o.matmul(u.t()) : o.t().matmul(u);
      assertThat(both.sub(both.t()).abs().max().item()).isLessThan(1e-3);                         // V S Vᵀ is symmetric
    }
  }

  @Test void weightsStackedInOneParameterAreUpdatedOneByOne() {
    try (var model = model(DType.F32); var optimizer = Muon.over(List.of(new ParameterGroup(projections(model), 0)), Muon.Options.DEFAULT);
         var _ = TensorScope.open()) {
      Parameter qkv = projections(model).getFirst();
      assertThat(qkv.parts()).hasSize(3);
      var q = qkv.parts().getFirst();
      Tensor before = qkv.tensor().detach().copy();
      Tensor g = Rng.of(3).normal(0, 1, DType.F32, Device.CPU, qkv.shape());
      qkv.tensor().setGrad(g);
      optimizer.step(0.1, 1);
      Tensor step = before.sub(qkv.tensor().detach()).narrow(0, q.start(), q.rows());
      Tensor expected = Muon.orthogonal(g.narrow(0, q.start(), q.rows()), 5, DType.F32).mul(0.1 * 0.2 * Math.sqrt(Math.max(q.rows(), g.size(1))));
      assertThat(step.sub(expected).abs().max().item()).isLessThan(1e-5);
    }
  }

  @ParameterizedTest @EnumSource(value = DType.class, names = {"F32", "BF16"}) void aModelLearns(DType type) {
    try (var model = model(type); var optimizer = joint(model)) {
      double first = step(model, optimizer);
      double last = first;
      for (int i = 0; i < 25; i++) {
        last = step(model, optimizer);
      }
      assertThat(first).isGreaterThan(4);
      assertThat(last).isLessThan(0.5 * first);
    }
  }

  @Test void goesOnFromItsStateToTheSameBits() {
    try (var model = model(DType.BF16); var twin = model(DType.BF16); var mine = joint(model); var other = joint(twin);
         var _ = TensorScope.open()) {
      step(model, mine);
      var saved = new HashMap<String, Tensor>();
      mine.state().forEach((name, t) -> saved.put(name, t.copy()));
      assertThat(saved.keySet()).anyMatch(n -> n.endsWith("momentum_buffer")).anyMatch(n -> n.endsWith("exp_avg"));
      for (int i = 0; i < model.parameters().size(); i++) {
        twin.parameters().get(i).tensor().detach().copyInPlace(model.parameters().get(i).tensor().detach());
      }
      other.load(name -> Objects.requireNonNull(saved.get(name)));
      assertThat(other.parameters()).hasSameSizeAs(model.parameters());
      assertThat(step(twin, other)).isEqualTo(step(model, mine));
      assertThat(step(twin, other)).isEqualTo(step(model, mine));
    }
  }

  @Test void takesMatricesOnly() {
    try (var model = model(DType.F32)) {
      assertThatIllegalArgumentException().isThrownBy(() -> Muon.over(List.of(new ParameterGroup(model.parameters(), 0)), Muon.Options.DEFAULT))
          .withMessageContaining("a matrix").withMessageContaining("AdamW");
    }
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private static Decoder model(DType type) {
    var model = Decoder.create(Llama.TINY.withLayers(1), Device.CPU, type, Rng.of(1));
    model.requiresGrad(true);
    return model;
  }

  private static List<Parameter> projections(Decoder model) {
    return model.projections();
  }

  private static Optimizer joint(Decoder model) {
    return Muon.withAdamW(model.parameters(), model.projections(), 0.01, Muon.Options.DEFAULT, AdamW.Options.DEFAULT);
  }

  /// A step on one batch of 32 tokens.
  private static double step(Decoder model, Optimizer optimizer) {
    long[] ids = new Random(5).longs(33, 0, 4_096).toArray();
    try (var tape = GradTape.open()) {
      Tensor row = Tensor.of(ids);
      Tensor logits = model.apply(row.narrow(0, 0, 32).view(1, 32), Pass.training(tape));
      Tensor loss = Ops.crossEntropy(logits.view(32, -1).to(DType.F32), row.narrow(0, 1, 32));
      double value = loss.item();
      tape.backward(loss);
      optimizer.clipAndStep(1e-2, 1);
      return value;
    }
  }
}
