package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jtorch.decoder.Decoder;
import org.jtorch.observe.StepEvent;
import org.jtorch.optim.Optimizer;
import org.jtorch.optim.Schedule;
import org.jtorch.optim.Sgd;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Several ranks train as one process does.
class RanksTrainingTest {
  private static final long STEPS = 8;

  private record Run(List<StepEvent> steps, SequencedMap<String, double[]> state) {}

  private static Run train(Ranks ranks, DType dtype, int batch, int accumulate) {
    return train(ranks, dtype, batch, Tiny.options(STEPS).withAccumulate(accumulate), Tiny::adam);
  }

  private static Run train(Ranks ranks, DType dtype, int batch, TrainOptions options, Function<Decoder, Optimizer> build) {
    var recorder = new PretrainerTest.Recorder();
    try (var model = Tiny.model(dtype, 1 + ranks.rank()); var optimizer = build.apply(model)) {     // the first's weights count
      new Pretrainer(model, optimizer, Tiny.batches(batch), options, ranks)
          .fit(Progress.START, recorder, Tiny.NO_HOOKS);
      assertThat(TensorScope.stats().live()).isZero();
      return new Run(recorder.steps, Tiny.state(model, optimizer));
    }
  }

  private static double farthest(Run a, Run b) {
    return a.state.entrySet().stream().filter(e -> !e.getKey().startsWith("optimizer")).mapToDouble(e -> {
      double[] theirs = Objects.requireNonNull(b.state.get(e.getKey()));
      return IntStream.range(0, theirs.length).mapToDouble(i -> Math.abs(e.getValue()[i] - theirs[i])).max().orElse(0);
    }).max().orElseThrow();
  }

  /// The farthest that any weight has gone.
  private static double moved(Run run) {
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
      return farthest(new Run(List.of(), Tiny.state(model, optimizer)), run);
    }
  }

  private static void sameState(Run a, Run b) {
    a.state.forEach((name, values) -> assertThat(values).as(name).isEqualTo(b.state.get(name)));
  }

  @ParameterizedTest @CsvSource({"2, 4, 1", "2, 4, 2", "2, 8, 4", "3, 8, 2", "2, 5, 1"})
  void ranksEqualOneProcess(int size, int batch, int accumulate) throws Exception {
    var one = train(Ranks.ALONE, DType.F32, batch, accumulate);
    var all = Together.run(size, ranks -> train(ranks, DType.F32, batch, accumulate));
    for (var each : all) {
      assertThat(each.steps).hasSize((int) STEPS);
      for (int i = 0; i < STEPS; i++) {
        assertThat(each.steps.get(i).loss()).as("step %s", i).isCloseTo(one.steps.get(i).loss(), within(1e-6));
        assertThat(each.steps.get(i).gradNorm()).isCloseTo(one.steps.get(i).gradNorm(), within(1e-6));
        assertThat(each.steps.get(i).tokens()).isEqualTo(one.steps.get(i).tokens());
      }
      assertThat(farthest(each, one)).isLessThan(1e-4);                    // AdamW divides by norms near zero; see below
      sameState(each, all.getFirst());
    }
    assertThat(moved(one)).isGreaterThan(1e-3);
  }

  @Test void theWeightsOfAnOptimizerThatDoesNotDivideAreTheSame() throws Exception {
    var options = TrainOptions.of(STEPS, 0.1, new Schedule.Constant(0)).withAccumulate(2);
    Function<Decoder, Optimizer> sgd = model -> Sgd.over(model.parameters(), 0.1, new Sgd.Options(0.9, 0, false));
    var one = train(Ranks.ALONE, DType.F32, 4, options, sgd);
    for (var each : Together.run(2, ranks -> train(ranks, DType.F32, 4, options, sgd))) {
      assertThat(farthest(each, one)).isLessThan(1e-6);
    }
    assertThat(moved(one)).isGreaterThan(1e-2);
  }

  /// With as many micro-batches as ranks the same bf16 gradients are summed, in float32: the same bits.
  @Test void theSameMicroBatchesGiveTheSameBits() throws Exception {
    var one = train(Ranks.ALONE, DType.BF16, 4, 2);
    for (var each : Together.run(2, ranks -> train(ranks, DType.BF16, 4, 2))) {
      sameState(each, one);
    }
  }

  @Test void oneIsAskedToStopAndAllStopAndOnlyTheFirstSaves() throws Exception {
    var ends = Together.run(2, ranks -> {
      var recorder = new PretrainerTest.Recorder();
      var saved = new ArrayList<Long>();
      try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
        var hooks = new Hooks(Tiny::noScore, p -> saved.add(p.step()), () -> ranks.rank() == 1 && recorder.steps.size() == 3);
        var result = new Pretrainer(model, optimizer, Tiny.batches(4), Tiny.options(STEPS).withEvery(0, 2), ranks)
            .fit(Progress.START, recorder, hooks);
        return Arrays.asList(result.finished(), result.progress().step(), saved);
      }
    });
    assertThat(ends.get(0)).isEqualTo(Arrays.asList(false, 3L, List.of(2L, 3L)));
    assertThat(ends.get(1)).isEqualTo(Arrays.asList(false, 3L, List.of()));
  }

  @Test void oneIsAskedToSaveAndTheFirstDoes() throws Exception {
    var ends = Together.run(2, ranks -> {
      var recorder = new PretrainerTest.Recorder();
      var saved = new ArrayList<Long>();
      try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
        var hooks = new Hooks(Tiny::noScore, p -> saved.add(p.step()),
            () -> ranks.rank() == 1 && recorder.steps.size() == 1 ? Hooks.Request.SAVE : Hooks.Request.GO_ON);
        new Pretrainer(model, optimizer, Tiny.batches(4), Tiny.options(3), ranks).fit(Progress.START, recorder, hooks);
        return saved;
      }
    });
    assertThat(ends).containsExactly(new ArrayList<>(List.of(1L, 3L)), new ArrayList<>());
  }

  @Test void whatOneRankCannotUseNoneUses() throws Exception {
    var ends = Together.run(2, ranks -> {
      var recorder = new PretrainerTest.Recorder();
      try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
        var hooks = new Hooks(step -> {
          if (step == 2 && ranks.rank() == 1) {
            try (var _ = Grad.off()) {
              model.head().tensor().fillInPlace(Double.NaN);
            }
          }
          return Tiny.noScore(step);
        }, _ -> {}, () -> false);
        new Pretrainer(model, optimizer, Tiny.batches(4), Tiny.options(4).withEvery(1, 0), ranks).fit(Progress.START, recorder, hooks);
      }
      return recorder.steps.stream().map(StepEvent::skipped).toList();
    });
    assertThat(ends).isEqualTo(List.of(List.of(false, false, true, true), List.of(false, false, true, true)));
  }

  @Test void validationIsDividedAndTheSameForAll() throws Exception {
    var rows = Tiny.rows(7);
    long tokens = rows.stream().flatMap(List::stream).mapToLong(d -> d.length).sum();
    var evaluator = new Evaluator(new Tiny.Documents(rows), 3 * tokens, tokens, 2);
    try (var model = Tiny.model(DType.F32, 1)) {
      var whole = evaluator.score(model);
      for (var part : Together.run(3, ranks -> {
        try (var mine = Tiny.model(DType.F32, 1)) {
          return evaluator.score(mine, ranks);
        }
      })) {
        assertThat(part.predicted()).isEqualTo(whole.predicted());
        assertThat(part.loss()).isCloseTo(whole.loss(), within(1e-12));
        assertThat(part.bitsPerByte()).isCloseTo(whole.bitsPerByte(), within(1e-12));
      }
    }
  }

  @Test void whatCannotBeSharedIsRefused() throws Exception {
    var messages = Together.run(2, ranks -> {
      try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
        assertThatThrownBy(() -> new Pretrainer(model, optimizer, Tiny.batches(1), Tiny.options(1), ranks))
            .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("`batch` is 1").hasMessageContaining("2 processes");
        var trainer = new Pretrainer(model, optimizer, Tiny.batches(2), Tiny.options(9), ranks);
        trainer.fit(new Progress(8 + ranks.rank(), 0, 0), new PretrainerTest.Recorder(), Tiny.NO_HOOKS);
        return "";
      } catch (RuntimeException e) {
        return String.valueOf(e.getMessage());
      }
    });
    assertThat(messages.get(1)).contains("rank 1 starts at step 9 but rank 0 at step 8").contains("same run folder");
    assertThat(messages.get(0)).contains("rank 1 is gone");
  }
}
