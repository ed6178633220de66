package org.jtorch.recipes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jtorch.recipes.config.StrictYamlTest.FULL;
import static org.jtorch.recipes.config.StrictYamlTest.bind;
import static org.jtorch.recipes.config.StrictYamlTest.refused;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OverridesTest {
  @Test void valuesAreYamlAndSplitAtTheFirstEquals() {
    var s = bind(FULL, "steps=2000", "note=a=b=c", "stages[1].batch=8", "betas=[0.8, 0.9]", "sources.web.path=/x/y.bin", "optim.rest.eps=1e-6").value();
    assertThat(s.steps()).isEqualTo(2000);
    assertThat(s.note()).isEqualTo("a=b=c");
    assertThat(s.stages().get(1).batch()).isEqualTo(8);
    assertThat(s.betas()).containsExactly(0.8, 0.9);
    assertThat(s.sources().get("web")).isEqualTo(new Sample.Source(Path.of("/x/y.bin"), 0.7));
    assertThat(s.optim()).isEqualTo(new Sample.Muon(5, new Sample.AdamW(1e-3, 1e-6)));
  }

  @Test void jsonIsYaml() {
    assertThat(bind(FULL, "optim={\"type\": \"sgd\", \"learning_rate\": 0.25}").value().optim()).isEqualTo(new Sample.Sgd(0.25));
  }

  @Test void aPartIsLaidOverTheDefault() {
    assertThat(bind("steps: 1", "schedule.warmup=7").value().schedule()).isEqualTo(new Sample.Cosine(0.1, 7));
    assertThat(bind("steps: 1", "schedule.type=warm-up", "schedule.steps=9").value().schedule()).isEqualTo(new Sample.WarmUp(9));
    assertThat(bind("steps: 1", "optim.learning_rate=1").value().optim()).isEqualTo(new Sample.AdamW(1, 1e-8));
    assertThat(bind("steps: 1\noptim: adamw", "optim.eps=1").value().optim()).isEqualTo(new Sample.AdamW(3e-4, 1));
  }

  @Test void plusMakesAndTildeRemoves() {
    assertThat(bind("steps: 1", "+sources.web.path=w").value().sources())
        .isEqualTo(Map.of("web", new Sample.Source(Path.of("w"), 1)));
    assertThat(bind(FULL, "~sources.web").value().sources()).containsOnlyKeys("books");
    assertThat(bind(FULL, "~stages[0]").value().stages()).extracting(Sample.Stage::name).containsExactly("long: 2");
    assertThat(bind(FULL, "~precision").value().precision()).isEqualTo(Sample.Precision.BF16);
    assertThat(bind(FULL, "+stages[2]={name: c, seq_len: 4}").value().stages()).hasSize(3);
    assertThat(bind(FULL, "+limit=3", "note=null").value())
        .matches(s -> Integer.valueOf(3).equals(s.limit()) && s.note() == null);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      optim.learning_rat=1   | override  optim.learning_rat  unknown key; one of: newton_steps, rest
      wieght_decay=1         | override  wieght_decay  unknown key; did you mean "weight_decay"?
      stage[1].batch=1       | the recipe does not set "stage"; did you mean "stages"?
      stages[2].batch=1      | "stages" has 2 items; the last is stages[1]; +stages[2]=... adds one
      stages.batch=1         | "stages" is a list; write stages[0].batch
      sources.wbe.path=x     | no such entry; did you mean "web"? (to add one write +sources.wbe=...)
      +sources.web={path: x} | "sources.web" is already set; write sources.web=...
      ~sources.wbe           | the recipe does not set "wbe", so there is nothing to remove; did you mean "web"?
      ~steps=1               | a removal has no value; write ~steps
      steps                  | is no override; write key=value, +key=value or ~key
      a..b=1                 | "a..b" is no path
      =1                     | "" is no path
      [0]=1                  | "[0]" is no path
      sources[0]=1           | points into a block of keys, not a list
      steps=[1               | cannot be read as YAML
      steps=ten              | expected a whole number such as 1000, got "ten"
      note=!!x y             | is not allowed
      ~steps                 | missing key (number of optimizer steps)
      """, quoteCharacter = '^')
  void wrongOverrides(String override, String message) {
    assertThat(refused(FULL, override)).contains(message).contains("x.yaml: 1 problem");
  }

  @Test void originsAreKept() {
    var r = bind(FULL, "stages[1].batch=8", "schedule.warmup=3").resolved();
    assertThat(r.origin("stages[1].batch")).isEqualTo("override");
    assertThat(r.origin("schedule.warmup")).isEqualTo("override");
    assertThat(r.origin("schedule.floor")).isEqualTo("default");
    assertThat(r.origin("stages[0].seq_len")).isEqualTo("x.yaml:8:14");
    assertThat(r.origin("nothing.here")).isNull();
  }

  @Test void pathsAreTakenApart() {
    assertThat(Names.steps("a.b[1][2].c_d")).isEqualTo(List.of("a", "b", "[1]", "[2]", "c_d"));
  }
}
