package org.jtorch.recipes.claims;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The document says what the results say.
class ClaimsPageTest {
  @TempDir Path temp = Path.of("");

  @Test void aClaimHasItsRowItsNumbersAndItsFigure() throws IOException {
    var values = new LinkedHashMap<String, double[]>();
    values.put("far_loss", new double[] {4, 5, 6});
    values.put("near_loss", new double[] {3, 4, 5.5});
    var measured = new Measured(List.of(1L, 2L, 3L), values);
    var check = new Check.Less("near_loss", "far_loss", 1);
    var verdict = new Verdict("T1", "near is better", "somewhere", "nothing", measured, check.of(measured), List.of(), 2.5);
    Path folder = Files.createDirectories(temp.resolve("runs/T1"));
    verdict.write(folder);
    Files.writeString(folder.resolve(Verdict.FIGURE), "<svg/>");
    var recipe = new ClaimRecipe("T1", "near is better", "somewhere", "nothing", List.of(1L, 2L, 3L), null,
        List.of(() -> "stage"), Map.of(), List.of(check), List.of(), new ClaimRecipe.Figure("loss", List.of("far_loss")));
    Path page = Files.createDirectories(temp.resolve("docs")).resolve("claims.md");
    ClaimsPage.write(page, temp.resolve("runs"), List.of(recipe), "On a Tuesday.");
    assertThat(Files.readString(page)).contains("On a Tuesday.", "| [T1](#t1) | near is better | somewhere | reproduced | 2.5 |",
        "| far loss | 5.0000 | 0.5774 | 4.0000 | 5.0000 | 6.0000 |", "- holds: near_loss < far_loss: difference 0.8333 ± 0.1667",
        "**Reproduced.** Tuned: nothing.", "![T1](images/claims/t1.svg)");
    assertThat(temp.resolve("docs/images/claims/t1.svg")).hasContent("<svg/>");
    assertThat(Verdict.read(folder).judged()).hasSize(1).allMatch(Outcome::holds);
  }
}
