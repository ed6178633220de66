package org.jtorch.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.jtorch.data.Batch;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.loss.Distillation;
import org.jtorch.loss.Divergence;
import org.jtorch.loss.HintonMixture;
import org.jtorch.loss.SparseDistillation.Target;
import org.jtorch.loss.SparseTargets.Reduction;
import org.jtorch.loss.TopOneMixture;
import org.jtorch.observe.StepEvent;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.BatchLoss;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.jtorch.train.TrainOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A student under the pretraining loop with a teacher beside it, and with a captured one.
class TeachingTest {
  private static final Pupils.Rows ROWS = new Pupils.Rows(90, 1);

  @TempDir Path temp;

  @AfterEach void nothingIsLeft() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static TokenBatches batches() {
    return new TokenBatches(3, 4, ROWS);
  }

  private static BatchLoss forward(Decoder teacher) {
    return Teaching.beside(teacher, t -> new Distillation(t, new Divergence.ForwardKl()));
  }

  private static Pupils.Recorder fit(Decoder student, TokenBatches batches, BatchLoss loss, long steps) {
    var recorder = new Pupils.Recorder();
    try (var optimizer = Pupils.adam(student)) {
      new Pretrainer(student, optimizer, batches, Pupils.options(steps), loss, Ranks.ALONE).fit(Progress.START, recorder, Pupils.NO_HOOKS);
    }
    return recorder;
  }

  @ParameterizedTest @ValueSource(strings = {"soft", "forward", "reverse", "jensen_shannon", "hinton"})
  void aStudentApproachesItsTeacher(String kind) {
    Divergence divergence = switch (kind) {
      case "reverse" -> new Divergence.ReverseKl();
      case "jensen_shannon" -> new Divergence.JensenShannon(0.5);
      case "soft" -> new Divergence.SoftCrossEntropy();
      default -> new Divergence.ForwardKl();
    };
    try (var student = Pupils.model(DType.F32, 1); var teacher = Pupils.model(DType.F32, 2)) {
      teacher.requiresGrad(false);
      double before = distance(student, teacher);
      fit(student, batches(), Teaching.beside(teacher, t -> {
        var soft = new Distillation(t, divergence);
        return kind.equals("hinton") ? new HintonMixture(soft, 0.1) : soft;
      }), 150);
      assertThat(distance(student, teacher)).isLessThan(0.5 * before);
    }
  }

  @Test void afmsMixtureLearnsTheTeachersFirstChoice() {
    try (var student = Pupils.model(DType.F32, 1); var teacher = Pupils.model(DType.F32, 2)) {
      var recorder = fit(student, batches(), Teaching.beside(teacher, t -> new TopOneMixture(t, 1)), 60);
      assertThat(recorder.lastLoss()).isLessThan(0.6 * recorder.firstLoss());
    }
  }

  /// The forward divergence on rows that neither has seen.
  private static double distance(Decoder student, Decoder teacher) {
    return loss(student, new TokenBatches(1, 8, new Pupils.Rows(8, 2)).at(0), forward(teacher), 1).loss();
  }

  private record Found(double loss, double[] gradient) {}

  private static Found loss(Decoder student, Batch batch, BatchLoss loss, int accumulate) {
    try (var optimizer = Pupils.adam(student)) {
      var options = Pupils.options(1).withAccumulate(accumulate);
      var found = new Pretrainer(student, optimizer, new TokenBatches(3, batch.rows(), ROWS), options, loss, Ranks.ALONE).gradients(batch);
      try (var _ = TensorScope.open()) {
        double[] gradient = Objects.requireNonNull(student.head().tensor().grad()).to(DType.F64).view(-1).toDoubles();
        student.zeroGrad();
        return new Found(found.loss(), gradient);
      }
    }
  }

  @Test void microBatchesDoNotChangeTheGradient() {
    try (var student = Pupils.model(DType.F32, 1); var teacher = Pupils.model(DType.F32, 2)) {
      var whole = loss(student, batches().at(0), forward(teacher), 1);
      var parts = loss(student, batches().at(0), forward(teacher), 4);
      assertThat(parts.loss).isEqualTo(whole.loss, within(1e-5));
      assertThat(parts.gradient).containsExactly(whole.gradient, within(1e-6));
    }
  }

  @Test void aStudentThatIsItsTeacherHasNoGradient() {
    try (var student = Pupils.model(DType.F32, 1); var teacher = Pupils.model(DType.F32, 1)) {
      var found = loss(student, batches().at(0), forward(teacher), 2);
      assertThat(found.loss).isEqualTo(0, within(1e-6));
      assertThat(found.gradient).containsOnly(new double[] {0}, within(1e-7));
    }
  }

  @Test void aTeacherWithAFilledUpVocabularyTeachesTheSame() {
    try (var student = Pupils.model(Pupils.TOKENS, DType.F32, 1); var teacher = Pupils.model(DType.F32, 2)) {
      assertThat(student.vocabSize()).isLessThan(teacher.vocabSize());
      assertThat(fit(student, batches(), forward(teacher), 150).lastLoss()).isPositive();
      assertThat(distance(student, teacher)).isLessThan(1.5);
    }
  }

  @ParameterizedTest @EnumSource(value = Target.class, names = {"RENORM", "TAIL"}) void allTokensCapturedAreTheTeacherBesideTheStudent(Target target) {
    try (var tokenizer = Pupils.tokenizer(temp.resolve("tokenizer")); var student = Pupils.model(Pupils.TOKENS, DType.F32, 1);
         var teacher = Pupils.model(DType.F32, 2)) {
      new Capture(teacher, ROWS, tokenizer, CaptureSettings.top(Pupils.TOKENS, 5), temp.resolve("captured")).run(_ -> { }, () -> false);
      try (var captured = CapturedTeacher.open(temp.resolve("captured"), ROWS)) {
        var live = loss(student, batches().at(0), forward(teacher), 1);
        var kept = loss(student, batches().with(captured.shards()).at(0), Teaching.captured(target), 2);
        assertThat(kept.loss).isEqualTo(live.loss, within(2e-3));                         // float16 keeps a probability to a two-thousandth
        double largest = Arrays.stream(live.gradient).map(Math::abs).max().orElseThrow();
        assertThat(kept.gradient).containsExactly(live.gradient, within(2e-3 * largest));
      }
    }
  }

  @ParameterizedTest @EnumSource(Reduction.class) void aStudentApproachesACapturedTeacher(Reduction reduction) {
    try (var tokenizer = Pupils.tokenizer(temp.resolve("tokenizer")); var student = Pupils.model(DType.F32, 1);
         var teacher = Pupils.model(DType.F32, 2)) {
      new Capture(teacher, ROWS, tokenizer, new CaptureSettings(reduction, 64, 5, 1), temp.resolve("captured")).run(_ -> { }, () -> false);
      try (var captured = CapturedTeacher.open(temp.resolve("captured"), ROWS)) {
        double before = distance(student, teacher);
        fit(student, batches().with(captured.shards()), Teaching.captured(reduction == Reduction.TOP ? Target.TAIL : Target.SAMPLED), 150);
        assertThat(distance(student, teacher)).isLessThan(0.6 * before);
      }
    }
  }

  @Test void whatDoesNotFitIsRefused() {
    try (var student = Pupils.model(DType.F32, 1)) {
      assertThatIllegalArgumentException().isThrownBy(() -> loss(student, batches().at(0), Teaching.captured(Target.TAIL), 1))
          .withMessageContaining("bring no teacher");
      student.zeroGrad();
    }
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"}) void fortyStepsHoldTheSameObjects(DType dtype) {
    var recorder = new Pupils.Recorder();
    try (var student = Pupils.model(dtype, 1); var teacher = Pupils.model(dtype, 2); var optimizer = Pupils.adam(student)) {
      TrainOptions options = Pupils.options(40).withAccumulate(2);
      BatchLoss loss = Teaching.beside(teacher, t -> new HintonMixture(new Distillation(t, new Divergence.JensenShannon(0.3)), 0.2));
      new Pretrainer(student, optimizer, batches(), options, loss, Ranks.ALONE).fit(Progress.START, recorder, Pupils.NO_HOOKS);
    }
    assertThat(recorder.steps).hasSize(40).allMatch(s -> s.liveTensors() == 0);
    assertThat(recorder.steps.subList(2, 40).stream().map(StepEvent::nativeObjects).distinct()).hasSize(1);
  }
}
