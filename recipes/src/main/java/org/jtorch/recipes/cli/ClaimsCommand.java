package org.jtorch.recipes.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.claims.ClaimType;
import org.jtorch.recipes.claims.Claims;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch claims`: lists the claims of the papers that are tried in miniature, runs them, writes the document of their results.
@Command
final class ClaimsCommand implements Callable<Integer> {
  private final Recipes recipes;

  @Spec @Nullable CommandSpec spec;

  @Parameters(arity = "0..*", paramLabel = "CLAIM", description = "Which ones, R15 for example; all unless given.")
  List<String> names = new ArrayList<>();

  @Option(names = "--run", description = "Run them, one after the other; seeds that are finished are not run again.")
  boolean run;

  @Option(names = "--out", paramLabel = "FOLDER", description = "The folder with a folder for each claim; runs/claims unless given.")
  Path out = ClaimType.HOME;

  @Option(names = "--page", paramLabel = "FILE", description = "Write the document of all results, figures beside it in images/claims.")
  @Nullable Path page;

  @Option(names = "--note", paramLabel = "TEXT", description = "What the document says of the machine, the day and the commit.")
  String note = "";

  ClaimsCommand(Recipes recipes) {
    this.recipes = recipes;
  }

  @Override public Integer call() {
    var claims = Claims.of(recipes, names, out);
    var print = Output.of(spec);
    int code = run ? claims.run(print) : ExitCodes.DONE;
    if (code != ExitCodes.DONE) {
      return code;
    }
    if (page == null) {
      claims.list(print);
      return ExitCodes.DONE;
    }
    claims.page(page, note);
    print.println("written: " + page);
    return ExitCodes.DONE;
  }
}
