package org.jtorch.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.bench.BenchSize;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.pretrain.OptimizerConfig;
import org.jtorch.recipes.pretrain.PretrainRecipe;
import org.jtorch.recipes.pretrain.SourceConfig;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/// Numbers and names of settings that documents repeat are those of the code.
class NumbersTest {
  private static final Pattern CODE_ROW = Pattern.compile("(?m)^\\| (\\d+) \\|");
  private static final Pattern SIZE_ROW =
      Pattern.compile("(?m)^\\| `([\\w.-]+)` \\| ([\\d,]+) \\| ([\\d,]+) \\| (\\d+) \\| (\\d+) / (\\d+) \\| ([\\d,]+) \\|$");

  private static String document(String name) throws IOException {
    return Files.readString(Repository.root().resolve(name));
  }

  @Test void theGuideHasEveryExitCode() throws IOException {
    var codes = new TreeSet<Integer>();
    for (var field : ExitCodes.class.getFields()) {
      if (field.getType() == int.class && Modifier.isStatic(field.getModifiers())) {
        codes.add(constant(field));
      }
    }
    String table = document("docs/guide.md").split("\\| exit code \\|")[1].split("\n\n")[0];
    assertThat(CODE_ROW.matcher(table).results().map(r -> Integer.parseInt(r.group(1))).toList()).containsExactlyElementsOf(codes);
  }

  private static int constant(Field field) {
    try {
      return field.getInt(null);
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  @Test void sizesOfBenchmarksAreThoseOfTheCode() throws IOException {
    var rows = SIZE_ROW.matcher(document("docs/benchmarks.md")).results().toList();
    assertThat(rows).hasSizeGreaterThan(4);
    for (var row : rows) {
      var size = BenchSize.named(row.group(1));
      assertThat(numbers(row)).as(row.group()).containsExactly(size.dim(), size.hidden(), size.layers(), size.heads(), size.kvHeads(), size.vocab());
    }
  }

  private static List<Integer> numbers(MatchResult row) {
    return Stream.iterate(2, i -> i <= row.groupCount(), i -> i + 1).map(i -> Integer.parseInt(row.group(i).replace(",", ""))).toList();
  }

  @Test void theGuideNamesEveryAlternative() throws IOException {
    String guide = document("docs/guide.md");
    for (Class<?> choice : List.of(SourceConfig.class, PretrainRecipe.TokenizerConfig.class, PretrainRecipe.ModelConfig.class,
        OptimizerConfig.class)) {
      String table = guide.split("\\| key \\| alternatives \\|")[1].split("\n\n")[0];
      assertThat(names(choice).filter(name -> !table.contains("`" + name + "`"))).as(choice.getSimpleName()).isEmpty();
    }
  }

  /// What stands after `type:` for the records of a sealed interface.
  private static Stream<String> names(Class<?> sealed) {
    return Arrays.stream(sealed.getPermittedSubclasses()).flatMap(c -> c.isSealed() ? names(c) : Stream.of(name(c)));
  }

  private static String name(Class<?> record) {
    var named = record.getAnnotation(Named.class);
    return named != null ? named.value() : Pattern.compile("(?<=[a-z])(?=[A-Z])").splitAsStream(record.getSimpleName())
        .map(w -> w.toLowerCase(Locale.ROOT)).collect(Collectors.joining("-"));
  }

  @Test void theGuideTellsTheQuickstartAsItIs() throws IOException {
    var recipe = new Yaml().<Map<String, Object>>load(document("recipes/src/main/resources/recipes/quickstart.yaml"));
    String guide = document("docs/guide.md").split("## 2\\.")[0];
    int steps = number(recipe, "train", "steps");
    int tokens = number(recipe, "train", "batch") * number(recipe, "data", "seq_len");
    assertThat(guide).contains(String.format(Locale.ROOT, "tokenizer of %,d tokens", number(recipe, "tokenizer", "vocab_size")))
        .contains(String.format(Locale.ROOT, "%,d steps of %,d tokens", steps, tokens))
        .contains("every " + number(recipe, "eval", "every") + " steps");
    String readme = document("README.md");
    assertThat(readme).contains(String.format(Locale.ROOT, "step %d/%d [======================] 100%%", steps, steps));
  }

  private static int number(Map<String, Object> recipe, String block, String key) {
    return (Integer) ((Map<?, ?>) Objects.requireNonNull(recipe.get(block))).get(key);
  }
}
