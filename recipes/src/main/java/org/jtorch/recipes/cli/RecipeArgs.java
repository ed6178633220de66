package org.jtorch.recipes.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// A recipe and its overrides as arguments, the same for every command: `quickstart optim.lr=3e-4 ~note`, or
/// `--config quickstart --set optim.lr=3e-4`.
public final class RecipeArgs {
  @Spec(Spec.Target.MIXEE) @Nullable CommandSpec spec;

  @Option(names = "--config", paramLabel = "RECIPE", description = "The recipe, if it is not the first argument.")
  @Nullable String config;

  @Option(names = "--set", paramLabel = "KEY=VALUE", description = "An override; may be given many times.")
  List<String> set = new ArrayList<>();

  @Parameters(arity = "0..*", paramLabel = "RECIPE OVERRIDE", hideParamSyntax = false,
      description = "The name of a built-in recipe or the path of a file, then overrides: key=value, a.b[1].c=value, "
          + "+map.key=value for a new entry, ~key to remove.")
  List<String> words = new ArrayList<>();

  /// The name or path of the recipe.
  public String recipe() {
    if (config != null) return config;
    if (!words.isEmpty()) return words.getFirst();
    var line = Objects.requireNonNull(spec, "picocli sets the spec").commandLine();
    throw new ParameterException(line, "no recipe is given; e.g. " + line.getCommandSpec().qualifiedName()
        + " ./my.yaml (jtorch ls shows the built-in ones)");
  }

  /// The overrides in the order given, those of `--set` last.
  public List<String> overrides() {
    var all = new ArrayList<>(words.subList(config == null && !words.isEmpty() ? 1 : 0, words.size()));
    all.addAll(set);
    return all;
  }
}
