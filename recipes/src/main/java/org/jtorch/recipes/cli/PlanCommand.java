package org.jtorch.recipes.cli;

import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.Recipes;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `jtorch plan`: what a run would do, without starting it.
@Command
final class PlanCommand implements Runnable {
  private final Recipes recipes;

  @Spec @Nullable CommandSpec spec;

  @Mixin RecipeArgs args = new RecipeArgs();

  @Mixin ShortOverrides shorts = new ShortOverrides();

  PlanCommand(Recipes recipes) {
    this.recipes = recipes;
  }

  @Override public void run() {
    var loaded = recipes.load(args.recipe(), shorts.after(args.overrides()));
    loaded.check();
    var _ = loaded.type().plan(loaded, Artifacts.FOLDERS, Output.of(spec));
  }
}
