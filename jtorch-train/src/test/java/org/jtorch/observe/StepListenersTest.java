package org.jtorch.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StepListenersTest {
  private final List<String> heard = new ArrayList<>();

  private record Recorder(String name, List<String> heard, boolean broken) implements StepListener {
    @Override
    public void onStart(RunStart start) {
      heard.add(name + " start");
    }

    @Override
    public void onStep(StepEvent step) {
      heard.add(name + " step " + step.step());
    }

    @Override
    public void onEval(EvalEvent eval) {
      heard.add(name + " eval");
    }

    @Override
    public void onSave(SaveEvent save) {
      heard.add(name + " save");
    }

    @Override
    public void onNote(String note) {
      heard.add(name + " " + note);
    }

    @Override
    public void onEnd(RunEnd end) {
      heard.add(name + " " + end.outcome());
    }

    @Override
    public void close() {
      heard.add(name + " close");
      if (broken) {
        throw new IllegalStateException(name);
      }
    }
  }

  @Test
  void everyListenerHearsEveryEventInOrder() {
    try (var all = StepListeners.all(List.of(new Recorder("a", heard, false), new Recorder("b", heard, false)))) {
      all.onStart(Events.start(1, 0));
      all.onStep(Events.step(1, 1));
      all.onEval(Events.eval(1));
      all.onSave(Events.save(1));
      all.onNote("note");
      all.onEnd(new RunEnd("finished", 1));
    }
    assertThat(heard).containsExactly("a start", "b start", "a step 1", "b step 1", "a eval", "b eval",
        "a save", "b save", "a note", "b note", "a finished", "b finished", "a close", "b close");
  }

  @Test
  void closeReachesAllAndReportsTheFirstFailure() {
    var all = StepListeners.all(List.of(
        new Recorder("a", heard, true), new Recorder("b", heard, true), new Recorder("c", heard, false)));
    assertThatThrownBy(all::close).hasMessage("a")
        .satisfies(e -> assertThat(e.getSuppressed()).singleElement().extracting(Throwable::getMessage).isEqualTo("b"));
    assertThat(heard).containsExactly("a close", "b close", "c close");
  }
}
