package org.jtorch.recipes.claims;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.Resume;
import org.jtorch.tensor.ranks.Ranks;

/// The claims among the built-in recipes, and the folder in which they run.
public final class Claims {
  private final List<Recipes.Loaded> all;
  private final Path home;

  private Claims(List<Recipes.Loaded> all, Path home) {
    this.all = all;
    this.home = home;
  }

  /// Those that are named, or all.
  ///
  /// @param names `R15`, in any case
  /// @param home the folder with a folder for each claim
  public static Claims of(Recipes recipes, List<String> names, Path home) {
    var all = new ArrayList<Recipes.Loaded>();
    for (var listing : recipes.catalog().list()) {
      if (recipes.typeOf(recipes.catalog().find(listing.name()), List.of()) instanceof ClaimType) {
        all.add(recipes.load(listing.name(), List.of()));
      }
    }
    var known = all.stream().map(loaded -> recipe(loaded).name()).toList();
    for (String name : names) {
      if (known.stream().noneMatch(name::equalsIgnoreCase)) {
        throw new IllegalArgumentException("no claim is called \"" + name + "\"; there are " + String.join(", ", known));
      }
    }
    return new Claims(all.stream()
        .filter(loaded -> names.isEmpty() || names.stream().anyMatch(recipe(loaded).name()::equalsIgnoreCase)).toList(), home);
  }

  private static ClaimRecipe recipe(Recipes.Loaded loaded) {
    return (ClaimRecipe) loaded.bound().value();
  }

  /// One line a claim: what came out if it was run, and the claim.
  public void list(PrintWriter out) {
    for (var loaded : all) {
      var recipe = recipe(loaded);
      Path folder = home.resolve(recipe.name());
      String word = Verdict.isIn(folder) ? Verdict.read(folder).word() : "not run";
      out.println(String.format(Locale.ROOT, "%-5s %-15s %s", recipe.name(), word, recipe.claim()));
    }
    out.flush();
  }

  /// Runs one after the other, up to the first that does not come to its end.
  ///
  /// @return an exit code of [ExitCodes]
  public int run(PrintWriter out) {
    for (var loaded : all) {
      loaded.check();
      int code = loaded.type().run(loaded, new RunArgs(home.resolve(recipe(loaded).name()), new Resume.Auto(), out, Ranks.ALONE));
      if (code != ExitCodes.DONE) {
        return code;
      }
    }
    return ExitCodes.DONE;
  }

  /// Writes the document of all claims, and their figures into `images/claims` beside it.
  ///
  /// @param note where and when the runs were made
  public void page(Path page, String note) {
    ClaimsPage.write(page, home, all.stream().map(Claims::recipe).toList(), note);
  }
}
