package org.jtorch.eval.needle;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jtorch.eval.Continuation;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.Likelihood;
import org.jtorch.eval.Scorer;
import org.jtorch.eval.Writing;

/// Needle in a haystack: asks about every haystack of a grid (arXiv:2407.21783, section 3.4.2; arXiv:2407.10671, section 5.2.2).
///
/// ```java
/// var grid = new NeedleGrid(List.of(128, 256, 512), 1);
/// var result = new Haystacks(grid, source, Haystacks.How.WRITTEN).run(new ModelScorer(model), EvalProgress.NONE);
/// if (result.perfect()) { ... }
/// ```
public record Haystacks(NeedleGrid grid, NeedleSource source, How how) {
  /// When a needle counts as found.
  public enum How {
    /// The model, which takes the most probable token always, writes the answer, token for token.
    WRITTEN,
    /// The answer is more probable than each other answer; a guess is right once in as many times as there are answers.
    LIKELIEST
  }

  /// One haystack and what became of it.
  ///
  /// @param instance of its length and depth
  /// @param found whether the model knew the answer
  /// @param answer what the model wrote, or the answer it found most probable
  @SuppressWarnings("ArrayRecordComponent")     // never compared
  public record Asked(int length, int depth, int instance, NeedleItem item, boolean found, long[] answer) {}

  /// @throws IllegalArgumentException if a haystack is longer than the model allows, or too short for needle and question
  public NeedleResult run(Scorer scorer, EvalProgress progress) {
    return result(ask(scorer, progress));
  }

  /// Every haystack with its answer: by length, then depth, then instance.
  public List<Asked> ask(Scorer scorer, EvalProgress progress) {
    if (grid.longest() > scorer.maxTokens()) {
      throw new IllegalArgumentException("`lengths` holds " + grid.longest() + " but the model allows " + scorer.maxTokens()
          + " tokens; ask for at most that many");
    }
    var items = items();
    var answers = switch (how) {
      case WRITTEN -> written(items, scorer, progress);
      case LIKELIEST -> likeliest(items, scorer, progress);
    };
    var asked = new ArrayList<Asked>();
    for (int i = 0; i < items.size(); i++) {
      int cell = i / grid.instances();
      var item = items.get(i);
      long[] answer = answers.get(i);
      asked.add(new Asked(grid.lengths().get(cell / grid.depths().size()), grid.depths().get(cell % grid.depths().size()),
          i % grid.instances(), item, Arrays.equals(answer, item.answers().get(item.gold())), answer));
    }
    return asked;
  }

  /// All haystacks, by length, then depth, then instance.
  public List<NeedleItem> items() {
    var items = new ArrayList<NeedleItem>();
    for (int length : grid.lengths()) {
      for (int depth : grid.depths()) {
        for (int i = 0; i < grid.instances(); i++) {
          items.add(source.make(length, depth, grid.random(length, depth, i)));
        }
      }
    }
    return items;
  }

  /// What [#ask] found, counted.
  public NeedleResult result(List<Asked> asked) {
    var cells = new ArrayList<NeedleResult.Cell>();
    for (int i = 0; i < asked.size(); i += grid.instances()) {
      var some = asked.subList(i, i + grid.instances());
      cells.add(new NeedleResult.Cell(some.getFirst().length(), some.getFirst().depth(),
          (int) some.stream().filter(Asked::found).count(), some.size()));
    }
    return new NeedleResult(grid, cells);
  }

  private static List<long[]> written(List<NeedleItem> items, Scorer scorer, EvalProgress progress) {
    int longest = items.stream().flatMap(i -> i.answers().stream()).mapToInt(a -> a.length).max().orElse(1);
    var texts = scorer.write(items.stream().map(NeedleItem::prompt).toList(), Writing.of(longest), progress);
    var answers = new ArrayList<long[]>();
    for (int i = 0; i < items.size(); i++) {
      int gold = items.get(i).answers().get(items.get(i).gold()).length;
      answers.add(Arrays.copyOf(texts.get(i), Math.min(gold, texts.get(i).length)));
    }
    return answers;
  }

  private static List<long[]> likeliest(List<NeedleItem> items, Scorer scorer, EvalProgress progress) {
    var asked = new ArrayList<Continuation>();
    items.forEach(item -> item.answers().forEach(a -> asked.add(new Continuation(item.prompt(), a))));
    var found = scorer.likelihoods(asked, progress).iterator();
    var answers = new ArrayList<long[]>();
    for (var item : items) {
      double best = Double.NEGATIVE_INFINITY;
      long[] chosen = item.answers().getFirst();
      for (long[] a : item.answers()) {
        Likelihood l = found.next();
        if (l.logProb() > best) {
          best = l.logProb();
          chosen = a;
        }
      }
      answers.add(chosen);
    }
    return answers;
  }
}
