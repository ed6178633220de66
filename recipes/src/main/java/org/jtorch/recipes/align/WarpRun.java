package org.jtorch.recipes.align;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jtorch.align.policy.HeldAnswers;
import org.jtorch.align.policy.RolloutFigures;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.align.warp.Warp;
import org.jtorch.data.Collator;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.Resume;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.config.RecipeSource;
import org.jtorch.recipes.config.Resolved;
import org.jtorch.recipes.config.StrictYaml;
import org.jtorch.recipes.report.FrontChart;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.score.Results;
import org.jtorch.tensor.Device;

/// WARP from members to the joined model and its front. Every member is a run of its own, with checkpoints and a report; what is finished is not
/// run again.
final class WarpRun {
  /// A member was asked to stop, and saved.
  static final class Interrupted extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /// What a published folder has beside its files, and writes anew.
  private static final String MANIFEST = "manifest.json";
  private static final int MULTIPLE = 32;
  private static final int ROWS = 64;

  private final WarpRecipe recipe;
  private final Resolved resolved;
  private final RunArgs args;
  private final RunFolder run;
  private final Consumer<String> note;

  WarpRun(WarpRecipe recipe, Resolved resolved, RunArgs args, RunFolder run, Consumer<String> note) {
    this.recipe = recipe;
    this.resolved = resolved;
    this.args = args;
    this.run = run;
    this.note = note;
  }

  void execute() {
    long began = System.nanoTime();
    Path sft = args.known().model(recipe.from()).folder();
    var warp = new Warp(run.path().resolve("warp"), recipe.rounds(), recipe.members(), recipe.eta());
    Path last = warp.run(sft, this::train, note);
    var front = measure(sft, warp.front(sft, last, recipe.front().stream().mapToDouble(e -> e).toArray()));
    var figures = new LinkedHashMap<String, Double>();
    for (int round = 1; recipe.members() > 1 && round <= recipe.rounds(); round++) {
      figures.put("angle_" + round, angle(warp.angles(sft, round)));
    }
    front.forEach((eta, shown) -> shown.forEach((name, value) -> figures.put(at(eta) + "." + name, value)));
    if (!Results.isIn(run.path())) {
      new Results(figures, (System.nanoTime() - began) / 1e9).write(run.path());
    }
    RunFolder.write(run.part(), FrontChart.html(recipe.name(), points(front)));
    AtomicFolder.publish(run.model(), into -> copy(last, into));
    note.accept("the joined model: " + run.model());
  }

  /// A member's run, in a folder beside the model that it leaves.
  private void train(Path from, Path to, int round, int number) {
    var folder = new RunFolder(to.resolveSibling(to.getFileName() + "-run"));
    var bound = member(from, round, number);
    note.accept("round %d of %d, member %d of %d".formatted(round, recipe.rounds(), number, recipe.members()));
    var inside = new RunArgs(folder.path(), new Resume.Auto(), args.out(), args.ranks(), args.known());
    int code = RecipeRun.execute(bound, recipe.name(), recipe.metrics(), inside, (at, logs, interruption) -> {
      var loop = new ChatLoop(bound.value(), args.known(), at, logs, interruption, args.ranks());
      return loop.execute(chats -> new RlJob(bound.value(), loop, chats,
          HeldPrompts.read(recipe, bound.value().seed(), chats, args.known(), logs::note)));
    });
    if (code != ExitCodes.DONE) {
      throw new Interrupted();
    }
    AtomicFolder.rename(folder.model(), to);
  }

  private Bound<RlRecipe> member(Path from, int round, int number) {
    var text = RecipeSource.of(resolved.recipe(), resolved.without(WarpRecipe.OWN).toYaml());
    return StrictYaml.bind(RlRecipe.class, text, List.of("name=" + recipe.name() + "-" + round + "-" + number,
        "from=\"" + from.toString().replace("\\", "/") + "\"", "seed=" + recipe.seed(round, number)));
  }

  /// What models between the first and the joined one answer to the held-out prompts, and how far they are from the first.
  private SequencedMap<Double, SequencedMap<String, Double>> measure(Path sft, SequencedMap<Double, Path> front) {
    var device = Device.parse(recipe.device());
    var shown = new LinkedHashMap<Double, SequencedMap<String, Double>>();
    try (var chats = ChatModel.open(sft, recipe.prompts().template());
        var rewards = Rewards.open(recipe.rewards(), new Rewards.Site(args.known(), device));
        var first = Pretrained.load(sft, device, null);
        var reference = Reference.of(first)) {
      var held = HeldPrompts.read(recipe, recipe.seed(), chats, args.known(), note).held();
      var rollouts = new Rollouts(recipe.answers(), recipe.sampling(Set.copyOf(chats.stops())), tokens -> chats.tokenizer().decode(tokens, true));
      var exam = new HeldAnswers(rollouts, rewards.sum(), new Collator(recipe.longest(), Math.min(MULTIPLE, recipe.longest())), ROWS);
      front.forEach((eta, folder) -> {
        try (var model = Pretrained.load(folder, device, null)) {
          shown.put(eta, exam.figures(model, reference, held));
        }
        note.accept(String.format(Locale.ROOT, "eta %s: reward %.4f, KL %.3f nats", plain(eta), shown.get(eta).get(RolloutFigures.REWARD),
            shown.get(eta).get(RolloutFigures.KL)));
      });
    }
    return shown;
  }

  private static SequencedMap<String, double[]> points(SequencedMap<Double, SequencedMap<String, Double>> front) {
    var points = new LinkedHashMap<String, double[]>();
    front.forEach((eta, shown) -> points.put(plain(eta), new double[] {shown.getOrDefault(RolloutFigures.KL, Double.NaN),
        shown.getOrDefault(RolloutFigures.REWARD, Double.NaN)}));
    return points;
  }

  /// The mean over layers and pairs of members, in degrees.
  private static double angle(SequencedMap<String, double[][]> angles) {
    return angles.values().stream().flatMap(WarpRun::pairs).mapToDouble(d -> d).average().orElse(Double.NaN);
  }

  private static Stream<Double> pairs(double[][] angles) {
    var pairs = Stream.<Double>builder();
    for (int i = 0; i < angles.length; i++) {
      for (int j = 0; j < i; j++) {
        pairs.add(angles[i][j]);
      }
    }
    return pairs.build();
  }

  private static String at(double eta) {
    return "eta_" + plain(eta);
  }

  private static String plain(double eta) {
    return eta == Math.rint(eta) ? Long.toString((long) eta) : Double.toString(eta);
  }

  private static void copy(Path from, Path into) {
    try (var files = Files.list(from)) {
      for (Path file : files.filter(f -> !f.endsWith(MANIFEST)).toList()) {
        Files.copy(file, into.resolve(file.getFileName()));
      }
    } catch (IOException e) {
      throw new DataException("could not copy " + from + " to " + into + ": " + e.getMessage(), e);
    }
  }
}
