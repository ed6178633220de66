package org.jtorch.recipes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/// The commands and flags are those of `cli/commands-and-flags.txt`. Options are a cost: a new one is a line there.
class CliIsFrozenTest {
  @Test void commandsAndFlagsAreThoseOfTheList() throws IOException {
    try (var in = Objects.requireNonNull(getClass().getResourceAsStream("/cli/commands-and-flags.txt"))) {
      var expected = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      assertThat(describe(Main.commandLine(CliTest::recipes, "*"))).isEqualTo(expected);
    }
  }

  @Test void everyListedCommandHasAPurposeOfOneSentence() {
    assertThat(Commands.ALL).allMatch(c -> c.purpose().matches("[A-Z].*\\."))
        .extracting(Commands.Entry::name).doesNotHaveDuplicates();
  }

  private static List<String> describe(CommandLine line) {
    var lines = new ArrayList<String>();
    var spec = line.getCommandSpec();
    lines.add(spec.qualifiedName());
    spec.options().stream().filter(o -> !o.inherited())
        .map(o -> "  " + String.join(", ", o.names()) + (o.typeInfo().isBoolean() ? "" : " " + o.paramLabel())).sorted()
            .forEach(lines::add);
    spec.positionalParameters().forEach(p -> lines.add("  <" + p.paramLabel() + ">"));
    line.getSubcommands().values().stream().sorted(Comparator.comparing(CommandLine::getCommandName))
        .forEach(c -> lines.addAll(describe(c)));
    return lines;
  }
}
