package org.jtorch.recipes.run;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.config.Bound;

/// A run that has no loop and no checkpoints: what it leaves is there or it is not. It has a folder and a lock as any other.
public final class BriefRun {
  /// What it does; publishes its result whole or not at all.
  @FunctionalInterface
  public interface Body {
    void run(RunFolder run, Consumer<String> note);
  }

  private BriefRun() {}

  /// Does the work unless its result is there already.
  ///
  /// @param name of the recipe
  /// @param result what the run leaves, relative to its folder
  /// @return an exit code of [ExitCodes]
  public static int execute(Bound<? extends Record> recipe, String name, Path result, RunArgs args, Body body) {
    var run = new RunFolder(RecipeRun.folder(args, name));
    run.create();
    try (var _ = args.ranks().isFirst() ? RunLock.take(run) : null) {
      args.ranks().afterFirst(() -> {
        if (args.ranks().isFirst()) {
          once(recipe, run, result, args, body);
        }
      });
    }
    return ExitCodes.DONE;
  }

  private static void once(Bound<? extends Record> recipe, RunFolder run, Path result, RunArgs args, Body body) {
    Consumer<String> note = text -> say(args.out(), text);
    var _ = Resumption.claim(run, recipe, args.resume(), note);
    Path left = run.path().resolve(result);
    if (Files.exists(left)) {
      note.accept(left + " is there already; to make it again choose another folder with --out, or remove that one");
      return;
    }
    body.run(run, note);
  }

  private static void say(PrintWriter out, String text) {
    out.println(text);
    out.flush();
  }
}
