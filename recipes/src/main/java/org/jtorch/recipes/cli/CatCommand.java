package org.jtorch.recipes.cli;

import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.config.Schema;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `jtorch cat`: a recipe as it is written, resolved, or the schema of its type.
@Command
final class CatCommand implements Runnable {
  private final Recipes recipes;

  @Spec @Nullable CommandSpec spec;

  @Mixin RecipeArgs args = new RecipeArgs();

  @Option(names = "--resolved", description = "Print every value, with its origin; so too if overrides are given.")
  boolean resolved;

  @Option(names = "--schema", description = "Print the JSON Schema of the recipe's type; RECIPE may be a type such as pretrain.")
  boolean schema;

  CatCommand(Recipes recipes) {
    this.recipes = recipes;
  }

  @Override public void run() {
    var out = Output.of(spec);
    if (schema) {
      out.println(Schema.of(type().recordType(), type().kinds()).toPrettyString());
    } else if (resolved || !args.overrides().isEmpty()) {
      out.print(recipes.load(args.recipe(), args.overrides()).bound().resolved().toYaml());
    } else {
      String text = recipes.catalog().find(args.recipe()).text();
      out.print(text.endsWith("\n") ? text : text + "\n");
    }
    out.flush();
  }

  private RecipeType type() {
    String name = args.recipe();
    return recipes.types().stream().filter(t -> t.name().equals(name)).findFirst()
        .orElseGet(() -> recipes.typeOf(recipes.catalog().find(name), args.overrides()));
  }
}
