package org.jtorch.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.loss.Distillation;
import org.jtorch.loss.Divergence;
import org.jtorch.observe.StepEvent;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.Hooks;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.jtorch.train.Saved;
import org.jtorch.train.TrainOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GkdTrainerTest {
  private static final long END = 2;
  private static final Collator COLLATOR = new Collator(24, 8);
  private static final Options SAMPLING = new Options(8, Sampling.temperature(0.9), Set.of(END), 5, 0);

  @TempDir Path temp;

  @AfterEach void nothingIsLeft() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static GkdOptions gkd(double lambda, double beta) {
    return new GkdOptions(lambda, Divergence.of(beta), 1, SAMPLING, COLLATOR);
  }

  /// Prompts of one to four tokens; answers that end with END, one of them at once.
  private static BatchSource<List<Demonstration>> batches(int vocab) {
    var random = new Random(4);
    var all = IntStream.range(0, 12).mapToObj(i -> {
      long[] answer = random.longs(i % 5 + 1, 0, vocab).map(t -> t == END ? 0 : t).toArray();
      answer[answer.length - 1] = END;
      return new Demonstration(random.longs(1 + i % 4, 0, vocab).toArray(), answer);
    }).toList();
    return new ExampleBatches<>(3, 4, all, List::copyOf);
  }

  private static GkdTrainer trainer(Decoder student, Decoder teacher, Optimizer adam, TrainOptions options, GkdOptions gkd) {
    return new GkdTrainer(student, teacher, adam, batches(student.vocabSize()), options, gkd);
  }

  private static double[] headGradient(Decoder model) {
    Tensor g = model.head().tensor().grad();
    double[] values = g == null ? new double[0] : g.to(DType.F64).view(-1).toDoubles();
    model.zeroGrad();
    return values;
  }

  @Test void withoutItsOwnAnswersItIsSupervisedDistillation() {
    try (var _ = TensorScope.open(); var student = Pupils.model(DType.F32, 1); var teacher = Pupils.model(DType.F32, 2);
         var adam = Pupils.adam(student)) {
      var demonstrations = batches(Pupils.VOCAB).at(0);
      var trainer = trainer(student, teacher, adam, Pupils.options(1).withAccumulate(2), gkd(0, 0.5));
      assertThat(IntStream.range(0, 50).anyMatch(trainer::isOnPolicy)).isFalse();
      double loss = trainer.gradients(demonstrations, false).loss();
      double[] gradient = headGradient(student);
      var batch = COLLATOR.batch(demonstrations.stream().map(d -> TokenRow.of(d.prompt(), d.answer())).toList());
      var supervised = new Pretrainer(student, adam, new TokenBatches(3, 4, new Pupils.Rows(8, 1)), Pupils.options(1),
          Teaching.beside(teacher, t -> new Distillation(t, Divergence.of(0.5))), Ranks.ALONE);
      assertThat(supervised.gradients(batch).loss()).isEqualTo(loss, within(1e-6));
      assertThat(headGradient(student)).containsExactly(gradient, within(1e-6));
    }
  }

  @ParameterizedTest @ValueSource(doubles = {0, 0.5, 1}) void aStudentThatIsItsTeacherHasNoGradientWhateverItSays(double beta) {
    try (var _ = TensorScope.open(); var student = Pupils.model(3, DType.F32, 1); var teacher = Pupils.model(3, DType.F32, 1);
         var adam = Pupils.adam(student)) {
      var trainer = trainer(student, teacher, adam, Pupils.options(1), gkd(1, beta));
      for (long step = 0; step < 5; step++) {
        assertThat(trainer.isOnPolicy(step)).isTrue();
        var own = trainer.answered(batches(3).at(step), step);
        assertThat(trainer.gradients(own, true).loss()).isEqualTo(0, within(1e-6));
        assertThat(headGradient(student)).isNotEmpty().containsOnly(new double[] {0}, within(1e-6));
      }
    }
  }

  @Test void answersEndWithTheirFirstStopTokenAndPromptsAreNotLearned() {
    try (var _ = TensorScope.open(); var student = Pupils.model(DType.F32, 1); var teacher = Pupils.model(DType.F32, 2);
         var adam = Pupils.adam(student)) {
      var trainer = trainer(student, teacher, adam, Pupils.options(1), gkd(0, 0));
      long[] prompt = {7, END, 9};
      var ended = List.of(new Demonstration(prompt, new long[] {5, 6, END}), new Demonstration(prompt, new long[] {END}));
      var longer = List.of(new Demonstration(prompt, new long[] {5, 6, END, 8, 8, END}), new Demonstration(prompt, new long[] {END, 4}));
      var found = trainer.gradients(ended, false);
      assertThat(found.tokens()).as("5, 6, end; end").isEqualTo(4);
      assertThat(found.figures()).containsEntry(GkdTrainer.ANSWER_TOKENS, 2.0).containsEntry(GkdTrainer.ON_POLICY, 0.0);
      double[] gradient = headGradient(student);
      assertThat(trainer.gradients(longer, false).loss()).isEqualTo(found.loss());
      assertThat(headGradient(student)).isEqualTo(gradient);
      for (var own : trainer.answered(batches(Pupils.VOCAB).at(0), 0)) {
        assertThat(own.answer()).hasSizeLessThanOrEqualTo(8);
        assertThat(IntStream.range(0, own.answer().length - 1).noneMatch(i -> own.answer()[i] == END)).isTrue();
      }
    }
  }

  @Test void emptyAnswersTeachNothing() {
    try (var _ = TensorScope.open(); var student = Pupils.model(DType.F32, 1); var teacher = Pupils.model(DType.F32, 2);
         var adam = Pupils.adam(student)) {
      var trainer = trainer(student, teacher, adam, Pupils.options(1), gkd(0, 0));
      var real = new Demonstration(new long[] {7, 9}, new long[] {5, 6, END});
      double alone = trainer.gradients(List.of(real), false).loss();
      double[] gradient = headGradient(student);
      var empty = new Demonstration(new long[] {8}, new long[0]);
      var both = trainer.gradients(List.of(real, empty), false);
      assertThat(both.loss()).isEqualTo(alone, within(1e-6));
      assertThat(both.tokens()).isEqualTo(3);
      assertThat(headGradient(student)).containsExactly(gradient, within(1e-6));
      var nothing = trainer.gradients(List.of(empty, empty), false);
      assertThat(nothing.loss()).isZero();
      assertThat(nothing.tokens()).isZero();
      assertThat(headGradient(student)).isEmpty();
    }
    var recorder = new Pupils.Recorder();
    try (var student = Pupils.model(DType.F32, 1); var teacher = Pupils.model(DType.F32, 2); var adam = Pupils.adam(student)) {
      var mute = new ExampleBatches<>(1, 2, List.of(new Demonstration(new long[] {1}, new long[0]), new Demonstration(new long[] {3}, new long[0])),
          List::copyOf);
      new GkdTrainer(student, teacher, adam, mute, Pupils.options(3), gkd(0, 0)).fit(Progress.START, recorder, Pupils.NO_HOOKS);
    }
    assertThat(recorder.steps).hasSize(3).allMatch(s -> s.loss() == 0 && s.gradNorm() == 0);
  }

  @ParameterizedTest @ValueSource(doubles = {0, 0.5, 1}) void aStudentApproachesItsTeacherOnItsOwnAnswers(double lambda) {
    try (var student = Pupils.model(24, DType.F32, 1); var teacher = Pupils.model(24, DType.F32, 2); var adam = Pupils.adam(student)) {
      teacher.requiresGrad(false);
      var recorder = new Pupils.Recorder();
      trainer(student, teacher, adam, Pupils.options(120), gkd(lambda, 0.5)).fit(Progress.START, recorder, Pupils.NO_HOOKS);
      assertThat(recorder.steps).hasSize(120).allMatch(s -> s.liveTensors() == 0);
      double share = recorder.steps.stream().mapToDouble(s -> s.figures().get(GkdTrainer.ON_POLICY)).average().orElseThrow();
      assertThat(share).isEqualTo(lambda, within(0.2));
      double last = recorder.steps.subList(110, 120).stream().mapToDouble(StepEvent::loss).average().orElseThrow();
      assertThat(last).isLessThan(0.4 * recorder.firstLoss());
    }
  }

  @Test void aRunThatGoesOnComesToTheSameBits() {
    double[] whole = run(6, 0);
    assertThat(run(6, 3)).isEqualTo(whole);
    assertThat(run(5, 0)).isNotEqualTo(whole);
  }

  /// The head's weights after some steps; stopped and begun again after `stop` of them if that is not 0.
  private double[] run(long steps, int stop) {
    double[] weights = {};
    for (int part = stop == 0 ? 1 : 0; part < 2; part++) {
      try (var student = Pupils.model(24, DType.F32, 1); var teacher = Pupils.model(24, DType.F32, 2); var adam = Pupils.adam(student)) {
        var trainer = trainer(student, teacher, adam, Pupils.options(steps), gkd(0.5, 0.5));
        var checkpoint = Checkpoint.of(temp.resolve("run" + steps + "-" + stop), 1, ModelFolder.of(student, null))
            .with("optimizer", Saved.of(adam, student.weights())).with("spike_guard", trainer.spikes()).with("data", Saved.of(batches(24)));
        boolean first = part == 0;
        var made = new int[1];
        var hooks = new Hooks(Pupils.NO_HOOKS.evaluate(), checkpoint::save, () -> first && ++made[0] == stop);
        trainer.fit(checkpoint.resume(_ -> { }), new Pupils.Recorder(), hooks);
        try (var _ = TensorScope.open()) {
          weights = student.head().tensor().detach().to(DType.F64).view(-1).toDoubles();
        }
      }
    }
    return weights;
  }

  @Test void settingsThatDoNotFitAreNamed() {
    assertThatIllegalArgumentException().isThrownBy(() -> gkd(1.5, 0)).withMessageContaining("`lambda`").withMessageContaining("fully on-policy");
    assertThatIllegalArgumentException().isThrownBy(() -> new GkdOptions(0, Divergence.of(0), 0, SAMPLING, COLLATOR)).withMessageContaining("`temperature`");
    assertThatIllegalArgumentException().isThrownBy(() -> new Demonstration(new long[0], new long[0])).withMessageContaining("prompt");
    try (var student = Pupils.model(24, DType.F32, 1); var adam = Pupils.adam(student)) {
      assertThatIllegalArgumentException().isThrownBy(() -> trainer(student, student, adam, Pupils.options(1).withAccumulate(3), gkd(0, 0)))
          .withMessageContaining("`accumulate` (3)");
    }
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"}) void fortyStepsHoldTheSameObjects(DType dtype) {
    var recorder = new Pupils.Recorder();
    try (var student = Pupils.model(24, dtype, 1); var teacher = Pupils.model(24, dtype, 2); var adam = Pupils.adam(student)) {
      trainer(student, teacher, adam, Pupils.options(40).withAccumulate(2), gkd(1, 0.5)).fit(Progress.START, recorder, Pupils.NO_HOOKS);
    }
    assertThat(recorder.steps).hasSize(40).allMatch(s -> s.liveTensors() == 0);
    assertThat(recorder.steps.subList(4, 40).stream().map(StepEvent::nativeObjects).distinct()).hasSize(1);
  }
}
