package org.jtorch.longcontext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.jtorch.longcontext.ContextExtension.Outcome;
import org.jtorch.longcontext.LongContext.Found;
import org.jtorch.longcontext.ShortContext.Score;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The gate with a trainer and evaluators that are played.
class ContextExtensionTest {
  private static final Rung FIRST = new Rung(256, 1e5);
  private static final Rung SECOND = new Rung(512, 1e6);
  private static final List<Rung> LADDER = List.of(FIRST, SECOND);
  private static final Score BEFORE = Score.loss(1.50, 0.02);
  private static final Score GOOD = Score.loss(1.52, 0.02);
  private static final Score WORSE = Score.loss(1.5201, 0.02);
  private static final Found ALL = new Found(22, 22);
  private static final Found ALMOST = new Found(21, 22);

  private final Played model = new Played();

  /// A model of which only is known at what length and after how many tokens it is; what it can do follows from that.
  private static final class Played implements LengthTrainer, ShortContext, LongContext {
    final List<String> done = new ArrayList<>();
    final Map<Long, Score> scores = new java.util.HashMap<>();
    final Map<Long, Found> needles = new java.util.HashMap<>();
    @Nullable Rung at;
    long tokens;
    long limit = Long.MAX_VALUE;
    Supplier<RuntimeException> kill = () -> new IllegalStateException("killed");
    int evaluationsLeft = Integer.MAX_VALUE;

    @Override public void enter(@Nullable Rung rung) {
      if (rung != null && !rung.equals(at)) {
        done.add("enter " + rung.length());
      }
      at = rung;
    }

    @Override public boolean trainTo(long to) {
      done.add("train " + to);
      tokens = Math.min(to, limit);
      return to <= limit;
    }

    @Override public void keep() {
      done.add("keep " + tokens);
    }

    @Override public void rollBack(@Nullable Rung to, long kept) {
      done.add("back to " + (to == null ? "the beginning" : to.length()) + " at " + kept);
      at = to;
      tokens = kept;
    }

    @Override public Score score() {
      if (evaluationsLeft-- == 0) {
        throw kill.get();
      }
      return scores.getOrDefault(tokens, tokens == 0 ? BEFORE : GOOD);
    }

    @Override public Found find(int length) {
      if (evaluationsLeft-- == 0) {
        throw kill.get();
      }
      assertThat(length).isEqualTo(at == null ? 0 : at.length());
      return needles.getOrDefault(tokens, ALL);
    }
  }

  private Outcome run(Gate gate, ExtensionLog log) {
    return new ContextExtension(LADDER, gate, model, model, model).run(log);
  }

  private static Gate gate(long budget, Gate.Failed failed) {
    return new Gate(100, budget, null, failed);
  }

  @Test void itAdvancesExactlyWhenBothConditionsHold() {
    model.scores.put(100L, WORSE);
    model.needles.put(200L, ALMOST);
    model.scores.put(300L, WORSE);
    model.needles.put(300L, ALMOST);
    var log = ExtensionLog.inMemory();
    assertThat(run(gate(500, Gate.Failed.STOP), log)).isEqualTo(new Outcome.Reached(SECOND));
    assertThat(model.done).containsExactly("enter 256", "train 100", "train 200", "train 300", "train 400", "keep 400",
        "enter 512", "train 500", "keep 500");
    assertThat(log.decisions()).extracting(Decision::passed).containsExactly(false, false, false, true, true);
    assertThat(log.decisions().getLast().tokens()).as("of this length").isEqualTo(100);
    assertThat(log.total()).isEqualTo(500);
    assertThat(log.decisions().getFirst()).hasToString("256 tokens of context after 100 tokens of training: not yet: short context 1.5201, "
        + "worse than 1.5200 (1.5000 before); needles 22 of 22");
    assertThat(log.decisions().get(1).why()).isEqualTo("short context 1.5200, as good as 1.5200 (1.5000 before); needles 21 of 22");
  }

  @Test void theToleranceMayBeGivenAndAnAccuracyMustNotFall() {
    model.scores.put(0L, Score.accuracy(0.75, 0.25));
    model.scores.put(100L, Score.accuracy(0.7, 0.25));
    model.scores.put(200L, Score.accuracy(0.75, 0.25));
    var log = ExtensionLog.inMemory();
    run(new Gate(100, 100, 0.0, Gate.Failed.STOP), log);
    assertThat(log.decisions()).extracting(Decision::passed).containsExactly(false);
    model.tokens = 0;
    var usual = ExtensionLog.inMemory();
    run(gate(100, Gate.Failed.STOP), usual);
    assertThat(usual.decisions().getFirst().passed()).as("0.7 is within one standard error").isTrue();
  }

  @Test void whatIsNotLearntWithinItsBudgetIsRolledBack() {
    List.of(200L, 300L).forEach(t -> model.needles.put(t, ALMOST));
    var log = ExtensionLog.inMemory();
    var outcome = run(gate(200, Gate.Failed.ROLL_BACK), log);
    String why = "a context of 512 tokens is not learnt within the budget of 200 tokens: short context 1.5200, as good as 1.5200 (1.5000 "
        + "before); needles 21 of 22";
    assertThat(outcome).isEqualTo(new Outcome.RolledBack(FIRST, why));
    assertThat(model.done).endsWith("keep 100", "enter 512", "train 200", "train 300", "back to 256 at 100");
    model.done.clear();
    assertThat(run(gate(200, Gate.Failed.ROLL_BACK), log)).as("the same once more").isEqualTo(outcome);
    assertThat(model.done).containsExactly("back to 256 at 100");
  }

  @Test void withNothingLearntTheModelIsWhatItWas() {
    model.scores.put(100L, WORSE);
    assertThat(run(gate(100, Gate.Failed.ROLL_BACK), ExtensionLog.inMemory())).isInstanceOfSatisfying(Outcome.RolledBack.class,
        o -> assertThat(o.to()).isNull());
    assertThat(model.done).endsWith("back to the beginning at 0");
  }

  @Test void itStopsWithTheReason() {
    model.scores.put(100L, WORSE);
    var log = ExtensionLog.inMemory();
    assertThat(run(gate(100, Gate.Failed.STOP), log)).isInstanceOfSatisfying(Outcome.Stopped.class, o -> {
      assertThat(o.at()).isEqualTo(FIRST);
      assertThat(o.why()).contains("256 tokens is not learnt within the budget of 100 tokens: short context 1.5201, worse than 1.5200");
    });
    assertThat(run(gate(300, Gate.Failed.STOP), log)).as("a larger budget goes on").isEqualTo(new Outcome.Reached(SECOND));
    assertThat(model.done).containsExactly("enter 256", "train 100", "train 200", "keep 200", "enter 512", "train 300", "keep 300");
  }

  /// Killed in every evaluation and in every chunk, with the log in a file, it comes to the same decisions.
  @Test void itResumesAtAnyPointToTheSameDecisions(@TempDir Path folder) {
    troubled();
    var whole = ExtensionLog.inMemory();
    var end = run(gate(300, Gate.Failed.ROLL_BACK), whole);
    assertThat(end).isInstanceOf(Outcome.RolledBack.class);
    for (int moment = 0; moment < 9; moment++) {
      for (boolean inChunk : new boolean[] {true, false}) {
        Path file = folder.resolve("log-" + moment + inChunk + ".json");
        interrupted(file, moment, inChunk);
        model.tokens = Math.min(model.tokens, 400);
        var log = ExtensionLog.at(file);
        var extension = new ContextExtension(LADDER, gate(300, Gate.Failed.ROLL_BACK), model, model, model);
        extension.goOn(log, model.tokens);
        assertThat(extension.run(log)).isEqualTo(end);
        assertThat(log.decisions()).isEqualTo(whole.decisions());
        assertThat(ExtensionLog.at(file).decisions()).isEqualTo(whole.decisions());
        assertThat(ExtensionLog.at(file).before()).isEqualTo(BEFORE);
      }
    }
  }

  private void troubled() {
    model.needles.put(100L, ALMOST);
    List.of(300L, 400L, 500L).forEach(t -> model.scores.put(t, WORSE));
  }

  private void interrupted(Path file, int moment, boolean inChunk) {
    model.tokens = 0;
    model.at = null;
    if (inChunk) {
      model.limit = 50L * moment;
      assertThat(run(gate(300, Gate.Failed.ROLL_BACK), ExtensionLog.at(file))).isEqualTo(new Outcome.Interrupted());
      model.limit = Long.MAX_VALUE;
    } else {
      model.evaluationsLeft = moment;
      assertThatThrownBy(() -> run(gate(300, Gate.Failed.ROLL_BACK), ExtensionLog.at(file))).hasMessage("killed");
      model.evaluationsLeft = Integer.MAX_VALUE;
    }
  }

  @Test void decisionsWhoseTrainingIsLostAreForgotten() {
    troubled();
    model.limit = 450;
    var log = ExtensionLog.inMemory();
    run(gate(300, Gate.Failed.ROLL_BACK), log);
    assertThat(log.total()).isEqualTo(400);
    model.limit = Long.MAX_VALUE;
    var extension = new ContextExtension(LADDER, gate(300, Gate.Failed.ROLL_BACK), model, model, model);
    extension.goOn(log, 150);
    assertThat(log.decisions()).hasSize(1);
    assertThat(extension.run(log)).isInstanceOf(Outcome.RolledBack.class);
    extension.goOn(log, 200);
    assertThat(log.total()).as("after a roll back there is less training than decisions").isEqualTo(500);
    log.returnTo(0);
    assertThat(log.decisions()).isEmpty();
  }

  @Test void impossibleLaddersAndGatesAreRefused() {
    assertThatThrownBy(() -> ContextExtension.requireRising(List.of(SECOND, FIRST))).isInstanceOf(IllegalArgumentException.class)
        .hasMessage("`ladder` must rise, but 256 follows 512; e.g. 16384, 32768, 65536");
    assertThatThrownBy(() -> ContextExtension.requireRising(List.of())).hasMessageContaining("`ladder` is empty");
    assertThatThrownBy(() -> new Gate(100, 250, null, Gate.Failed.STOP)).hasMessage("`budget` must be a multiple of `chunk` (100 tokens) but "
        + "was 250; e.g. 200");
    assertThatThrownBy(() -> new Gate(0, 0, null, Gate.Failed.STOP)).hasMessageContaining("`chunk` must be >= 1");
    assertThatThrownBy(() -> new Gate(1, 1, -1.0, Gate.Failed.STOP)).hasMessageContaining("`tolerance` must be >= 0 but was -1.0");
  }
}
