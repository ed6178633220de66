package org.jtorch.recipes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StrictYamlTest {
  static final String FULL = """
      type: sample
      steps: 1_000
      weight_decay: 1e-2
      precision: float-32
      optim: {type: muon, newton_steps: 5}
      stages:
        - name: short
          seq_len: 512
        - {name: "long: 2", seq_len: 2e3, batch: 2, optim: {type: sgd, learning_rate: .5}}
      sources:
        web: {path: data/web.bin, weight: 0.7}
        books:
          path: data/my books.bin
      out: runs/x
      note: "null"
      """;

  static Bound<Sample> bind(String yaml, String... overrides) {
    return StrictYaml.bind(Sample.class, RecipeSource.of("x.yaml", yaml), List.of(overrides));
  }

  static String refused(String yaml, String... overrides) {
    var e = catchThrowableOfType(RecipeException.class, () -> bind(yaml, overrides));
    assertThat(e).as(yaml).isNotNull();
    return String.valueOf(e.getMessage());
  }

  @Test void everyKindOfKeyIsBound() {
    var s = bind(FULL).value();
    assertThat(s.steps()).isEqualTo(1000);
    assertThat(s.weightDecay()).isEqualTo(0.01);
    assertThat(s.precision()).isEqualTo(Sample.Precision.FLOAT_32);
    assertThat(s.optim()).isEqualTo(new Sample.Muon(5, new Sample.AdamW(1e-3, 1e-8)));
    assertThat(s.schedule()).isEqualTo(new Sample.Cosine(0.1, 100));
    assertThat(s.stages()).containsExactly(new Sample.Stage("short", 512, 4, null),
        new Sample.Stage("long: 2", 2000, 2, new Sample.Sgd(0.5)));
    assertThat(s.sources()).isEqualTo(Map.of("web", new Sample.Source(Path.of("data/web.bin"), 0.7),
        "books", new Sample.Source(Path.of("data/my books.bin"), 1)));
    assertThat(s.sources().keySet()).containsExactly("web", "books");
    assertThat(s.tokens()).isEqualTo(9_000_000_000L);
    assertThat(s.out()).isEqualTo(Path.of("runs/x"));
    assertThat(s.limit()).isNull();
    assertThat(s.betas()).containsExactly(0.9, 0.95);
    assertThat(s.note()).isEqualTo("null");
  }

  @Test void aBlockWithoutTypeIsOfTheDefaultType() {
    assertThat(bind("steps: 1\nschedule: {warmup: 7}").value().schedule()).isEqualTo(new Sample.Cosine(0, 7));
    assertThat(refused("steps: 1\nschedule: {warmupp: 7}")).contains("did you mean \"warmup\"?");
    assertThat(refused("steps: 1\noptim: {learning_rate: 1}")).contains("missing key; write type: one of adamw");
  }

  @Test void allProblemsAreReportedSortedByLineWithTheNextStep() {
    assertThat(refused("""
        type: sample
        optim:
          type: adamw
          learning_rat: 1
        stages:
        - name: a
          seq_len: 511
        weight_decay: high
        precision: bf61
        optimm: 1
        """)).isEqualTo("""
        recipe x.yaml: 6 problems
          1:1   steps               missing key (number of optimizer steps); e.g. steps: 1000
          4:3   optim.learning_rat  unknown key; did you mean "learning_rate"?
          6:3   stages[0]           seq_len must be even, e.g. 512
          8:15  weight_decay        expected a number such as 0.1 or 3e-4, got "high"
          9:12  precision           unknown value "bf61"; did you mean "bf16"?
          10:1  optimm              unknown key; did you mean "optim"?
        nothing was started; exit 2""");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      steps: "5"           | expected a whole number such as 1000, got the text "5"; drop the quotes
      steps: 010           | expected a whole number
      steps: 1.5           | expected a whole number such as 1000, got "1.5"
      steps: 1e-1          | expected a whole number
      steps: 3e9           | 3e9 is too large; the limit is 2147483647
      tokens: 1e300        | too large for a whole number
      weight_decay: 1e999  | too large for a number
      weight_decay: .nan   | expected a number
      weight_decay: 0x1p3  | expected a number
      steps:               | expected a whole number such as 1000, got nothing
      steps: [1]           | got a list
      compile: yes         | expected true or false, got yes
      optim: {lr: 1}       | missing key; write type: one of adamw, sgd, muon
      optim: adamv         | unknown type "adamv"; did you mean "adamw"? (one of adamw, sgd, muon)
      optim: [adamw]       | expected a block with type: one of adamw, sgd, muon, got a list
      optim: sgd           | missing key; e.g. learning_rate: 0.1
      schedule: warm-upp   | did you mean "warm-up"?
      weightDecay: 1       | unknown key; did you mean "weight_decay"?
      zzzzzz: 1            | unknown key; one of: steps, weight_decay
      stages: {a: 1}       | expected a list, each item a block with the keys name, seq_len, batch, optim, got a block
      stages: [{name: a, seq_len: 2, batch: 13}] | refused: java.lang.IllegalStateException: thirteen
      sources: {a: 1}      | expected a block with the keys path, weight, got "1"
      out: ""              | expected a path such as data/train.bin, got an empty text
      type: other          | expected type: sample
      note: !!java.lang.Runtime x | tag tag:yaml.org,2002:java.lang.Runtime is not allowed
      note: !x y           | tag !x is not allowed
      <<: {steps: 1}       | merge keys are not supported; use extends: OTHER-RECIPE
      ? [a, b]             | a key must be a plain word
      optim: {type: adamw, learning_rate: -1} | optim.learning_rate  (-1.0) must be > 0
      """, quoteCharacter = '^')
  void oneWrongValue(String yaml, String message) {
    assertThat(refused(yaml)).contains(message).endsWith("nothing was started; exit 2");
  }

  @Test void constructorProblemStandsAtTheKeyItNames() {
    assertThat(refused("steps: 1\noptim:\n  type: adamw\n  learning_rate: -1\n"))
        .contains("4:18  optim.learning_rate  (-1.0) must be > 0");
    assertThat(refused("steps: 1\noptim: adamw\n", "optim.learning_rate=-1"))
        .contains("override  optim.learning_rate  (-1.0) must");
  }

  @Test void duplicateKeysAreRefused() {
    assertThat(refused("steps: 1\nsteps: 2\n")).contains("2:1  steps  duplicate key; the first is at 1:1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"steps: 1\n  bad: [", "a: b: c", "\t", "steps: 1\n--- \nsteps: 2", "%YAML 99999999999.1\n---\na", "\"\\UFFFFFFFF\"",
      "a: \u0000", "*x", "&a [*a]", "- 1", "just text", "a: \"unclosed", "a: 'x\n# c\n"})
  void brokenYamlNamesALineAndAReason(String yaml) {
    assertThat(refused(yaml)).containsPattern("\n  \\d+:\\d+  .*\\w+ .*").contains("1 problem\n");
  }

  @Test void badCharacterHasItsLine() {
    assertThat(refused("steps: 1\nnote: a\u0001b\n")).contains("2:1  cannot be read as YAML: the character U+1 is not allowed");
  }

  @Test void hugeAndExplodingTextsAreRefused() {
    assertThat(refused("#".repeat(YamlReader.MAX_CHARS + 1))).contains("a recipe has at most 1000000");
    var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++) {
      bomb.append("a%1$s: &a%1$s [%2$s]%n".formatted(String.valueOf(i), String.join(", ", java.util.Collections.nCopies(10, "*a" + (i - 1)))));
    }
    assertThat(refused(bomb.toString())).contains("aliases unfold to more than 50000 values");
    assertThat(refused("note: " + "[".repeat(5000))).contains("cannot be read as YAML");
  }

  @Test void anEmptyRecipeLacksItsRequiredKeys() {
    assertThat(refused("")).contains("1 problem").contains("missing key");
    assertThat(refused("# nothing\n")).contains("missing key");
  }

  @Test void anchorsAndAliasesAreFineWithinMeasure() {
    var s = bind("steps: 1\nstages: [&s {name: a, seq_len: 2}, *s]\n").value();
    assertThat(s.stages()).hasSize(2).containsOnly(new Sample.Stage("a", 2, 4, null));
  }

  @Test void typeIsReadWithoutBinding() {
    assertThat(StrictYaml.typeOf(RecipeSource.of("x", "type: sft\nanything: 1\n"), List.of())).isEqualTo("sft");
    assertThat(StrictYaml.typeOf(RecipeSource.of("x", "steps: 1"), List.of())).isNull();
  }
}
