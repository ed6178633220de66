package org.jtorch.recipes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jtorch.recipes.config.StrictYamlTest.FULL;

import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// Whatever the text, binding gives a recipe or a [RecipeException] with at least one problem, and nothing else.
class StrictYamlFuzzTest {
  private static final List<String> BITS = List.of("\n", "\n  ", "- ", ": ", "[", "]", "{", "}", "&a ", "*a", "!!x ", "\"", "'", "|\n", ">\n", "? ",
      "#", "%", "---\n", "...\n", "<<: ", "type: ", "optim", "stages", "null", "1e9", "\\u12", "\\U0000D800", "\t", "\r", "\u0000", "\ud83d",
      "\u2028", "extends: x", "steps", "@", "`", "~", "-1", "=");

  private static void bindOrRefuse(String yaml, List<String> overrides) {
    try {
      var bound = StrictYaml.bind(Sample.class, RecipeSource.of("x.yaml", yaml), overrides);
      var again = StrictYaml.bind(Sample.class, RecipeSource.of("x.yaml", bound.resolved().toYaml()), List.of());
      assertThat(again.value()).isEqualTo(bound.value());
    } catch (RecipeException e) {
      assertThat(e.problems()).isNotEmpty();
      assertThat(e.getMessage()).endsWith("nothing was started; exit 2");
    }
  }

  @Property(tries = 1500) void anyText(@ForAll String text) {
    bindOrRefuse(text, List.of());
  }

  @Property(tries = 3000) void textOfYamlBits(@ForAll("bits") String text) {
    bindOrRefuse(text, List.of());
  }

  @Property(tries = 1500) void anyOverride(@ForAll("bits") String override, @ForAll String other) {
    bindOrRefuse(FULL, List.of("note=" + other, override));
    bindOrRefuse(FULL, List.of(other, "note=" + override));
  }

  @Property(tries = 2000) void mutationsOfAValidRecipe(@ForAll long seed) {
    var random = new Random(seed);
    var text = new StringBuilder(FULL);
    for (int n = random.nextInt(1, 5); n > 0; n--) {
      int at = random.nextInt(text.length());
      int end = Math.min(text.length(), at + random.nextInt(6));
      switch (random.nextInt(4)) {
        case 0 -> text.delete(at, Math.max(end, at));
        case 1 -> text.insert(at, BITS.get(random.nextInt(BITS.size())));
        case 2 -> text.insert(at, text.substring(at, end));
        default -> text.setCharAt(at, (char) random.nextInt(1, 300));
      }
      if (text.isEmpty()) text.append(' ');
    }
    bindOrRefuse(text.toString(), List.of());
  }

  @Provide Arbitrary<String> bits() {
    return Arbitraries.of(BITS).list().ofMaxSize(25).map(parts -> String.join("", parts));
  }
}
