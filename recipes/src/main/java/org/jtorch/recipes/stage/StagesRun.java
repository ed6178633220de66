package org.jtorch.recipes.stage;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.Resume;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.SetAside;
import org.jtorch.recipes.run.StageFolder;

/// A run of several stages, each in a folder of its own below `stages`. Whatever is finished there and depends on nothing that changed is not
/// run again; so the same command goes on after an end at any moment.
final class StagesRun {
  private final Graph graph;
  private final Recipes.Loaded loaded;
  private final RunFolder run;
  private final RunArgs args;
  private final PrintWriter out;
  private final SetAside aside;

  StagesRun(Graph graph, Recipes.Loaded loaded, Path folder, RunArgs args) {
    this.graph = graph;
    this.loaded = loaded;
    this.run = new RunFolder(folder);
    this.args = args;
    this.out = args.out();
    this.aside = SetAside.next(run);
  }

  /// @return an exit code of [ExitCodes]
  int execute() {
    boolean first = args.ranks().isFirst();
    run.create();
    try (var _ = first ? StageFolder.lock(run) : null) {
      Resume resume = args.ranks().afterFirst(this::begin);
      return stages(resume, first);
    }
  }

  private int stages(Resume resume, boolean first) {
    var nodes = graph.nodes();
    for (Node node : nodes) {
      int code;
      try {
        code = stage(node, nodes.indexOf(node) + 1, resume);
      } finally {
        if (first) {
          StagesReport.write(run, ((StagesRecipe) loaded.bound().value()).name(), graph);
        }
      }
      if (code != ExitCodes.DONE) {
        return code;
      }
    }
    out.println("all " + nodes.size() + " stages are finished; report: " + run.report() + "\nthe last one left: "
        + graph.leaves(nodes.getLast()).folder());
    out.flush();
    return ExitCodes.DONE;
  }

  /// Writes the recipe down, and says how stages are resumed.
  private Resume begin() {
    if (args.resume() instanceof Resume.Never && Files.exists(run.recipe())) {
      throw new IllegalArgumentException(run.path() + " holds a run already; --resume auto goes on with it, --out names another folder");
    }
    if (args.resume() instanceof Resume.From(Path checkpoint) && graph.nodes().stream().noneMatch(node -> holds(node, checkpoint))) {
      throw new IllegalArgumentException(checkpoint + " is no checkpoint of a stage of " + run.path());
    }
    RunFolder.write(run.recipe(), loaded.bound().resolved().toYaml());
    return args.resume() instanceof Resume.From ? args.resume() : new Resume.Auto();
  }

  private boolean holds(Node node, Path checkpoint) {
    return checkpoint.toAbsolutePath().normalize().startsWith(graph.folder(node).checkpoints().toAbsolutePath().normalize());
  }

  private int stage(Node node, int number, Resume resume) {
    graph.forgetPromises();
    var folder = graph.folder(node);
    var bound = bound(node);
    String title = "stage %d of %d: %s (%s)".formatted(number, graph.nodes().size(), node.name(), node.type().name());
    boolean goesBack = resume instanceof Resume.From(Path checkpoint) && holds(node, checkpoint);
    boolean finished = args.ranks().afterFirst(() -> !goesBack && isFinished(node, bound, folder));
    if (finished) {
      say(title + ": finished before");
      return ExitCodes.DONE;
    }
    say(title + from(node));
    requireWhatWasPromised(node);
    return node.type().run(new Recipes.Loaded(loaded.source(), node.type(), bound),
        new RunArgs(folder.path(), goesBack ? resume : new Resume.Auto(), out, args.ranks(), graph.artifacts(node)));
  }

  /// A stage before it may have left less than it had promised, a shorter context for example.
  private void requireWhatWasPromised(Node node) {
    var problems = graph.problems(node);
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(node.name() + " cannot begin with what the stages before it have left: " + String.join("; ", problems)
          + ". They are finished; change the recipe, and the same command goes on from here");
    }
  }

  private String from(Node node) {
    var sources = graph.sources(node);
    return sources.isEmpty() ? "" : " from " + String.join(", ", sources);
  }

  private void say(String text) {
    out.println(text);
    out.flush();
  }

  /// Whether nothing is left to do. A stage whose recipe or inputs are no longer those that it began with moves aside, and what is said is
  /// why.
  private boolean isFinished(Node node, Bound<? extends Record> bound, RunFolder folder) {
    var inputs = Inputs.of(graph.inputs(node), run.path());
    if (StageFolder.isBegun(folder)) {
      List<String> changes = new ArrayList<>();
      StageFolder.differences(folder, bound).forEach(d -> changes.add(d.toString()));
      changes.addAll(inputs.changes(Inputs.read(folder.path())));
      if (changes.isEmpty()) {
        return Files.exists(graph.leaves(node).folder()) && !StageFolder.isLonger(folder, bound);
      }
      aside.move(folder.path());
      say(node.name() + " begins again, for these changed:\n  " + String.join("\n  ", changes) + "\nwhat it had made is in "
          + aside.folder().resolve(node.name()));
    }
    folder.create();
    inputs.write(folder.path());
    return false;
  }

  private Bound<? extends Record> bound(Node node) {
    return new Bound<>((Record) node.recipe(), loaded.bound().resolved().at(node.path()));
  }
}
