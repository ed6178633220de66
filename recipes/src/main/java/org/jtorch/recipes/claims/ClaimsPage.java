package org.jtorch.recipes.claims;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.jtorch.io.AtomicFile;

/// The document of all claims: a table, and for each its numbers and its figure. Written from the results of runs and from nothing else.
final class ClaimsPage {
  private static final String HEAD = """
      # Claims in miniature

      What the papers say, tried at a size that two CPU cores can do. A claim is a recipe: some stages, run once for each of three seeds, and a rule that
      was written before the numbers. The rule holds if the difference has the right sign on every seed, or if its mean has and a paired t-test over
      the seeds gives p below 0.05. Nothing is tuned on the seeds that judge. A claim that does not reproduce says so here: at this size, with
      this text and these few seeds, which is no verdict on the paper.

      `./jtorch claims` lists them, `./jtorch claims --run R15` runs one, and `./jtorch claims --page docs/claims.md` writes this page from
      the results of the runs.

      """;

  private final Path home;
  private final StringBuilder out = new StringBuilder(HEAD);

  private ClaimsPage(Path home) {
    this.home = home;
  }

  /// Writes the page, and the figures beside it in `images/claims`.
  ///
  /// @param home the folder with a folder for each claim
  /// @param claims in the order of the page
  /// @param note where and when the runs were made, in the words of who made them
  static void write(Path page, Path home, List<ClaimRecipe> claims, String note) {
    var text = new ClaimsPage(home).text(claims, note, page);
    AtomicFile.write(page, text);
  }

  private String text(List<ClaimRecipe> claims, String note, Path page) {
    if (!note.isEmpty()) {
      out.append(note).append("\n\n");
    }
    out.append("| | claim | source | came out | minutes, three seeds |\n|---|---|---|---|---|\n");
    for (ClaimRecipe claim : claims) {
      boolean there = Verdict.isIn(home.resolve(claim.name()));
      out.append("| ").append(there ? "[" + claim.name() + "](#" + claim.name().toLowerCase(Locale.ROOT) + ")" : claim.name()).append(" | ")
          .append(claim.claim()).append(" | ").append(claim.source()).append(" | ");
      if (there) {
        var verdict = Verdict.read(home.resolve(claim.name()));
        out.append(verdict.word()).append(String.format(Locale.ROOT, " | %.1f |%n", verdict.minutes()));
      } else {
        out.append("not run | |\n");
      }
    }
    claims.stream().map(claim -> home.resolve(claim.name())).filter(Verdict::isIn).forEach(folder -> section(folder, page));
    return out.toString();
  }

  private void section(Path folder, Path page) {
    var verdict = Verdict.read(folder);
    Path figure = Path.of("images", "claims", verdict.name().toLowerCase(Locale.ROOT) + ".svg");
    out.append("\n## ").append(verdict.name()).append("\n\n").append(verdict.claim()).append(" (").append(verdict.source()).append(")\n\n**")
        .append(Character.toUpperCase(verdict.word().charAt(0))).append(verdict.word().substring(1)).append(".** Tuned: ").append(verdict.tuned())
        .append(".\n\n");
    measures(verdict.measured());
    out.append('\n');
    verdict.judged().forEach(outcome -> out.append("- ").append(outcome.holds() ? "holds" : "fails").append(": ").append(outcome.describe()).append('\n'));
    verdict.beside().forEach(outcome -> out.append("- beside, ").append(outcome.holds() ? "holds" : "fails").append(": ").append(outcome.describe())
        .append('\n'));
    Path drawn = folder.resolve(Verdict.FIGURE);
    if (Files.exists(drawn)) {
      Path target = page.toAbsolutePath().resolveSibling(figure);
      AtomicFile.copy(drawn, target);
      out.append("\n![").append(verdict.name()).append("](").append(figure.toString().replace('\\', '/')).append(")\n");
    }
  }

  private void measures(Measured measured) {
    out.append("| measure | mean | SE |").append(measured.seeds().stream().map(s -> " seed " + s + " |").collect(Collectors.joining()))
        .append("\n|---|---:|---:|").append("---:|".repeat(measured.seeds().size())).append('\n');
    measured.values().forEach((name, values) -> {
      out.append("| ").append(name.replace('_', ' ')).append(" | ").append(Verdict.number(measured.mean(name))).append(" | ")
          .append(Verdict.number(measured.error(name))).append(" |");
      DoubleStream.of(values).forEach(v -> out.append(' ').append(Verdict.number(v)).append(" |"));
      out.append('\n');
    });
  }
}
