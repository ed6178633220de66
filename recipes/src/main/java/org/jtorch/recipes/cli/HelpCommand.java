package org.jtorch.recipes.cli;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.config.Suggest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch help`: what `jtorch --help` shows; `jtorch help run`: what `jtorch run --help` shows.
@Command
final class HelpCommand implements Runnable {
  private final Supplier<Recipes> recipes;

  @Spec @Nullable CommandSpec spec;

  @Parameters(index = "0", arity = "0..1", paramLabel = "COMMAND", description = "The command; all of them unless given.")
  String command = "";

  HelpCommand(Supplier<Recipes> recipes) {
    this.recipes = recipes;
  }

  @Override public void run() {
    var whole = Main.commandLine(recipes, command);
    var asked = command.isEmpty() ? whole : whole.getSubcommands().get(command);
    if (asked == null) {
      throw new IllegalArgumentException("there is no command \"" + command + "\"" + Suggest.hint(command, whole.getSubcommands().keySet()));
    }
    asked.usage(Output.of(spec));
  }
}
