package org.jtorch.recipes.align;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.align.chats.ChatSet;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.chats.TrainedTurns;
import org.jtorch.align.reward.Calibration;
import org.jtorch.align.reward.RankedRows;
import org.jtorch.align.reward.Ranking;
import org.jtorch.align.reward.RewardTrainer;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.io.DataException;
import org.jtorch.observe.EvalEvent;
import org.jtorch.optim.Optimizer;
import org.jtorch.recipes.report.DotChart;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.train.TrainOptions;

/// Rankings of answers, and the model that learns to rank them.
final class RewardJob implements ChatLoop.Job<DecoderClassifier> {
  private static final int MULTIPLE = 32;
  private final RewardRecipe recipe;
  private final ChatLoop loop;
  private final ChatModel chats;
  private final List<RankedRows> held;
  private final BatchSource<List<RankedRows>> batches;
  private final SequencedMap<String, List<RankedRows>> tests = new LinkedHashMap<>();

  RewardJob(RewardRecipe recipe, ChatLoop loop, ChatModel chats) {
    this.recipe = recipe;
    this.loop = loop;
    this.chats = chats;
    var rankings = HeldOut.read(recipe, loop.known(), this::rankings, loop.logs()::note);
    this.held = rankings.held();
    this.batches = ExampleBatches.mixed(recipe.seed(), recipe.train().batch(), rankings.train(), recipe.chats().shares(), List::copyOf);
    recipe.tests().forEach((name, source) -> {
      var set = source.read(loop.known());
      set.describe().forEach(loop.logs()::note);
      tests.put(name, RankedRows.of(set.only(Example.Comparison.class), chats.encoder(recipe.chats(), TrainedTurns.ALL), new Problems()));
    });
    if (!recipe.eval().prompts().isEmpty()) {
      loop.logs().note("`eval.prompts` are not answered: a reward model has no answers");
    }
  }

  private List<RankedRows> rankings(ChatSet set, Problems problems) {
    var all = RankedRows.of(set.only(Example.Comparison.class), chats.encoder(recipe.chats(), TrainedTurns.ALL), problems);
    if (recipe.ranking() != Ranking.PLAIN && all.stream().allMatch(r -> r.level() == null && Double.isNaN(r.margin()))) {
      throw new DataException("no row of " + set.source() + " has a `level` (significantly better, better, slightly better, negligibly better)"
          + " or a `margin`, which `ranking` goes by; use ranking: plain");
    }
    boolean graded = all.stream().flatMap(r -> r.answers().stream()).anyMatch(a -> a.grades() != null);
    if (recipe.gradeWeight() > 0 && !graded) {
      throw new DataException("no row of " + set.source() + " has grades (chosen_grades, rejected_grades) but `grade_weight` is "
          + recipe.gradeWeight() + "; use grade_weight: 0");
    }
    return clear(set, all);
  }

  private List<RankedRows> clear(ChatSet set, List<RankedRows> all) {
    var level = recipe.atLeast();
    if (level == null) {
      return all;
    }
    var kept = RankedRows.atLeast(level, all);
    if (kept.isEmpty()) {
      throw new DataException("no ranking of " + set.source() + " is " + level.words() + " or clearer; leave `at_least` out");
    }
    loop.logs().note("%d of %d rankings of %s are %s or clearer".formatted(kept.size(), all.size(), set.source(), level.words()));
    return kept;
  }

  @Override public double rows() {
    return batches.order().rows();
  }

  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  @Override public Learner<DecoderClassifier> begin(Learner.Start start) {
    return Learner.ofReward(start, recipe.gradeWeight() > 0, recipe.headSeed());
  }

  @Override public ChatLoop.Trained trainer(Learner<DecoderClassifier> learner, Optimizer optimizer, TrainOptions options) {
    int longest = recipe.chats().maxTokens();
    var all = new RewardTrainer.Options(recipe.ranking(), recipe.gradeWeight(), recipe.centering(),
        new Collator(longest, Math.min(MULTIPLE, longest)), options);
    var trainer = new RewardTrainer(learner.model(), learner.grades(), optimizer, batches, all, loop.ranks());
    return new ChatLoop.Trained(batches, trainer.spikes(), trainer::fit, step -> evaluate(trainer, step));
  }

  /// The held-out rankings' loss, and the share that is ranked right: of all, and of each level.
  private EvalEvent evaluate(RewardTrainer trainer, long step) {
    var judged = trainer.judge(held);
    var figures = judged.figures();
    if (!held.isEmpty()) {
      var calibration = Calibration.of(judged.leads());
      figures.put("calibration_error", calibration.error());
      draw(calibration);
    }
    Double loss = figures.remove("loss");
    tests.forEach((name, rows) -> {
      var marks = trainer.score(rows);
      marks.remove("loss");
      marks.forEach((which, value) -> figures.put(name + "." + which, value));
    });
    return new EvalEvent(step, held.isEmpty() || loss == null ? Double.NaN : loss, Double.NaN, Double.NaN, List.of(), figures);
  }

  /// For the report, as it stands.
  private void draw(Calibration calibration) {
    if (loop.ranks().isFirst()) {
      var rows = calibration.bins().stream().map(b -> new DotChart.Row("certain by %.2f, %d pairs".formatted(b.said(), b.pairs()),
          new double[] {b.said()}, b.right(), Math.sqrt(b.right() * (1 - b.right()) / b.pairs()))).toList();
      RunFolder.write(loop.run().figures().resolve("calibration.svg"),
          new DotChart("calibration", "share of held-out pairs ranked right, with its error; points: what the model says", rows).standalone(760));
    }
  }

  @Override public void close() {}
}
