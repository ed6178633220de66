package org.jtorch.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Objects;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("MustBeClosedChecker")
class HeadLossTest {
  private TensorScope scope;

  @BeforeEach void open() {
    scope = TensorScope.open();
  }

  @AfterEach void nothingLives() {
    scope.close();
    assertThat(TensorScope.stats().live()).isZero();
  }

  /// −log σ(1) = 0.3132616875, and with a margin of 1 on a lead of 1 it is log 2 (arXiv:2307.09288, eq. 2).
  @Test void pairsCostWhatThePapersSay() {
    Tensor lead = Tensor.of(2f, 1f).view(2, 1);
    assertThat(new BradleyTerry().loss(lead, null).item()).isCloseTo(0.3132616875, within(1e-6));
    assertThat(new BradleyTerry().loss(lead, Tensor.of(1f)).item()).isCloseTo(Math.log(2), within(1e-6));
    assertThat(new BradleyTerry().softLoss(lead, Tensor.of(0.85f)).item()).isCloseTo(0.4632616875, within(1e-6));
    assertThat(new BradleyTerry(0.01).loss(lead, null).item()).isCloseTo(0.3132616875 + 0.01 * 9, within(1e-6));
    double[][] minima = {{0.95, 0.198515}, {0.85, 0.422709}, {0.75, 0.562335}, {0.65, 0.647447}};
    for (double[] m : minima) {
      Tensor best = Tensor.of((float) Math.log(m[0] / (1 - m[0])), 0f);
      assertThat(new BradleyTerry().softLoss(best, Tensor.of((float) m[0])).item()).isCloseTo(m[1], within(1e-5));
    }
  }

  @Test void rowsAreChosenFirstAndThenRejected() {
    Tensor scores = Tensor.of(3f, 5f, 1f, 2f);
    assertThat(BradleyTerry.lead(scores).toFloats()).containsExactly(2f, 3f);
    scores.requiresGrad(true);
    new BradleyTerry().loss(scores, null).backward();
    float[] g = Objects.requireNonNull(scores.grad()).toFloats();
    assertThat(g[0]).isCloseTo((float) (-0.5 / (1 + Math.exp(2))), within(1e-6f)).isEqualTo(-g[2]);
    scores.setGrad(null);
  }

  @Test void pairsThatAreNoneAreRefused() {
    assertThatThrownBy(() -> new BradleyTerry().loss(Tensor.of(1f, 2f, 3f), null)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("as many rejected ones").hasMessageContaining("[3]");
    assertThatThrownBy(() -> new BradleyTerry().loss(Tensor.of(1f, 2f, 3f, 4f).view(2, 2), null)).hasMessageContaining("[2, 2]");
    assertThatThrownBy(() -> new BradleyTerry().loss(Tensor.of(1f, 2f), Tensor.of(0f, 0f)))
        .hasMessageContaining("1 pairs need 1 margins");
    assertThatThrownBy(() -> new BradleyTerry(-1)).hasMessageContaining("centering must be >= 0");
  }

  @Test void everyProblemHasItsLoss() {
    Tensor logits = Tensor.of(1f, 3f, 0f, 0f).view(2, 2);
    double first = Math.log(1 + Math.exp(-2));
    assertThat(Problem.SINGLE_LABEL_CLASSIFICATION.loss(logits, Tensor.of(1, 0)).item())
        .isCloseTo((first + Math.log(2)) / 2, within(1e-6));
    assertThat(Problem.REGRESSION.loss(Tensor.of(1f, 3f).view(2, 1), Tensor.of(2f, 5f)).item()).isCloseTo(2.5, within(1e-6));
    double bits = (Math.log(1 + Math.exp(1)) + Math.log(1 + Math.exp(-3)) + 2 * Math.log(2)) / 4;
    assertThat(Problem.MULTI_LABEL_CLASSIFICATION.loss(logits, Tensor.of(0f, 1f, 1f, 0f).view(2, 2)).item())
        .isCloseTo(bits, within(1e-6));
    assertThatThrownBy(() -> Problem.REGRESSION.loss(logits, Tensor.of(1f, 2f))).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 rows and 2 labels needs 4 label values, but 2 were given");
  }

  @Test void labelsThatCannotBeAreRefused() {
    assertThatThrownBy(() -> Labels.classes("good", "good")).hasMessageContaining("a name twice");
    assertThatThrownBy(() -> Labels.classes("good")).hasMessageContaining("at least 2 labels");
    assertThatThrownBy(() -> new Labels(List.of(), Problem.REGRESSION)).hasMessageContaining("num_labels");
  }
}
