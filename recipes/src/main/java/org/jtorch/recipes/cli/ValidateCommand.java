package org.jtorch.recipes.cli;

import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Recipes;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `jtorch validate`: binds a recipe with its overrides and runs the checks of its type.
@Command
final class ValidateCommand implements Runnable {
  private final Recipes recipes;

  @Spec @Nullable CommandSpec spec;

  @Mixin RecipeArgs args = new RecipeArgs();

  @Mixin ShortOverrides shorts = new ShortOverrides();

  ValidateCommand(Recipes recipes) {
    this.recipes = recipes;
  }

  @Override public void run() {
    var loaded = recipes.load(args.recipe(), shorts.after(args.overrides()));
    loaded.check();
    Output.of(spec).println("recipe " + loaded.source().name() + ": no problems (type " + loaded.type().name() + ")");
  }
}
