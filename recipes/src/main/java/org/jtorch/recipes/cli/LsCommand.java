package org.jtorch.recipes.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Recipes;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `jtorch ls`: two columns, name and purpose.
@Command
final class LsCommand implements Runnable {
  private final Recipes recipes;

  @Spec @Nullable CommandSpec spec;

  @Option(names = "--json", description = "Print a JSON array.")
  boolean json;

  LsCommand(Recipes recipes) {
    this.recipes = recipes;
  }

  @Override public void run() {
    var out = Output.of(spec);
    var list = recipes.catalog().list();
    if (json) {
      var array = JsonNodeFactory.instance.arrayNode();
      list.forEach(l -> array.addObject().put("name", l.name()).put("purpose", l.purpose()));
      out.println(array.toPrettyString());
      return;
    }
    int width = Math.max("RECIPE".length(), list.stream().mapToInt(l -> l.name().length()).max().orElse(0)) + 2;
    out.println("RECIPE" + " ".repeat(width - "RECIPE".length()) + "PURPOSE");
    list.forEach(l -> out.println((l.name() + " ".repeat(width - l.name().length()) + l.purpose()).stripTrailing()));
  }
}
