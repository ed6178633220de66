package org.jtorch.recipes.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.io.Utf8;
import org.jtorch.recipes.Resume;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.config.Difference;
import org.jtorch.recipes.config.RecipeSource;
import org.jtorch.recipes.config.StrictYaml;
import org.jtorch.train.Checkpoint;

/// How a recipe goes on in a folder that holds a run of it: whether it may, and what changes.
///
/// Keys that do not touch what is computed may change at any time, and the run's length: a finished run goes on when it grows.
/// Who goes back to a checkpoint may also give keys of the loop and the optimizer as overrides.
final class Resumption {
  private static final Set<String> FREE = Set.of("metrics", "save", "eval", "device");
  private static final Set<String> LENGTH = Set.of("train.steps", "train.tokens", "train.epochs", "gate.budget");
  private static final Set<String> CHANGED_COURSE = Set.of("train", "optimizer");

  private final RunFolder run;
  private final Bound<? extends Record> recipe;
  private final Resume resume;
  private final Consumer<String> note;

  private Resumption(RunFolder run, Bound<? extends Record> recipe, Resume resume, Consumer<String> note) {
    this.run = run;
    this.recipe = recipe;
    this.resume = resume;
    this.note = note;
  }

  /// Makes the folder that of this recipe, or refuses it.
  ///
  /// @return true if the run in it is finished, and nothing is to be done
  /// @throws IllegalArgumentException if the folder holds another run, with the keys that differ
  static boolean claim(RunFolder run, Bound<? extends Record> recipe, Resume resume, Consumer<String> note) {
    var claim = new Resumption(run, recipe, resume, note);
    if (Files.exists(run.recipe())) {
      return claim.goOn();
    }
    if (resume instanceof Resume.From(Path checkpoint)) {
      throw new IllegalArgumentException(run.path() + " holds no run, so it cannot go back to " + checkpoint
          + "; name the folder of its run with --out");
    }
    claim.writeRecipe();
    return false;
  }

  /// The keys that keep a recipe from going on in a folder, which has another run of the same kind; none if there is no run in it.
  static List<Difference> against(RunFolder run, Bound<? extends Record> recipe) {
    if (!Files.exists(run.recipe())) {
      return List.of();
    }
    var claim = new Resumption(run, recipe, new Resume.Auto(), _ -> {});
    return Difference.between(claim.earlier(), recipe).stream().filter(d -> !claim.isAllowed(d) || isLess(d)).toList();
  }

  /// Whether a recipe gives the run in a folder another length, and is otherwise free to go on.
  static boolean isLonger(RunFolder run, Bound<? extends Record> recipe) {
    var claim = new Resumption(run, recipe, new Resume.Auto(), _ -> {});
    return Difference.between(claim.earlier(), recipe).stream().anyMatch(d -> LENGTH.contains(d.path()));
  }

  private static boolean isLess(Difference d) {
    return LENGTH.contains(d.path()) && isLess(d.now(), d.before());
  }

  private boolean goOn() {
    if (resume instanceof Resume.Never) {
      throw new IllegalArgumentException(run.path() + " holds a run already; --resume auto goes on with it, --out names another folder");
    }
    var changes = Difference.between(earlier(), recipe);
    refuse(changes.stream().filter(d -> !isAllowed(d)).toList());
    boolean finished = Files.exists(run.left());
    if (resume instanceof Resume.From(Path checkpoint)) {
      goBack(checkpoint);
    } else if (finished && changes.stream().noneMatch(d -> LENGTH.contains(d.path()))) {
      return true;
    } else if (finished) {
      grow(changes);
    }
    if (!changes.isEmpty()) {
      changes.forEach(d -> note.accept("from here on " + d));
      writeRecipe();
    }
    return false;
  }

  private void writeRecipe() {
    RunFolder.write(run.recipe(), recipe.resolved().toYaml());
  }

  private Bound<? extends Record> earlier() {
    try {
      return StrictYaml.bind(recipe.value().getClass(), RecipeSource.of(run.recipe().toString(), Utf8.read(run.recipe())), List.of());
    } catch (IOException e) {
      throw new DataException("could not read " + run.recipe() + ": " + e.getMessage(), e);
    }
  }

  private boolean isAllowed(Difference d) {
    String top = d.path().replaceFirst("\\..*", "");
    boolean newCourse = resume instanceof Resume.From && d.overridden() && CHANGED_COURSE.contains(top);
    return FREE.contains(top) || LENGTH.contains(d.path()) || newCourse;
  }

  private void refuse(List<Difference> differing) {
    if (!differing.isEmpty()) {
      throw new IllegalArgumentException(run.path() + " holds a run of another recipe; these keys differ:\n"
          + differing.stream().map(d -> "  " + d).collect(Collectors.joining("\n"))
          + "\nChoose another folder with --out, or give the keys their earlier values. With --resume and the path of a checkpoint "
          + "overrides may change keys of train and optimizer");
    }
  }

  /// A finished run goes on: its model moves aside.
  private void grow(List<Difference> changes) {
    changes.stream().filter(Resumption::isLess).findFirst().ifPresent(d -> {
      throw new IllegalArgumentException(run.path() + " holds a finished run that is longer already (" + d
          + "); give a greater value, or choose another folder with --out");
    });
    if (Checkpoint.all(run.checkpoints()).isEmpty()) {
      throw new IllegalArgumentException(run.path() + " holds a finished run but no checkpoint to go on from; begin from its model: "
          + "model: {type: folder, path: " + run.model() + "}, in another folder");
    }
    var aside = SetAside.next(run);
    aside.move(run.left());
    aside.move(run.adapter());
    aside.move(run.report());
    note.accept("the finished run goes on; its model and report are in " + aside.folder());
  }

  private static boolean isLess(String now, String before) {
    try {
      return Double.parseDouble(now) < Double.parseDouble(before);
    } catch (NumberFormatException _) {
      return false;                        // a length in other terms than before
    }
  }

  /// What came after the checkpoint moves aside, so that it is the newest.
  private void goBack(Path checkpoint) {
    var all = Checkpoint.all(run.checkpoints());
    var mine = all.stream().filter(c -> c.toAbsolutePath().normalize().equals(checkpoint.toAbsolutePath().normalize())).findFirst();
    if (mine.isEmpty()) {
      throw new IllegalArgumentException(checkpoint + " is no checkpoint of the run in " + run.path() + ", which has "
          + (all.isEmpty() ? "none" : all.stream().map(Path::toString).collect(Collectors.joining(", "))));
    }
    AtomicFolder.verify(checkpoint);
    long step = Checkpoint.step(checkpoint);
    var aside = SetAside.next(run);
    var later = all.stream().filter(c -> Checkpoint.step(c) > step).toList();
    if (later.isEmpty() && !Files.exists(run.left())) {
      return;
    }
    aside.copy(run.recipe());
    aside.copy(run.metrics());
    later.reversed().forEach(aside::move);
    aside.move(run.left());
    aside.move(run.adapter());
    aside.move(run.report());
    note.accept("back to step %,d; what came after it is in %s".formatted(step, aside.folder()));
  }
}
