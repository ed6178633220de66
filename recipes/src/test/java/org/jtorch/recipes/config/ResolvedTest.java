package org.jtorch.recipes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jtorch.recipes.config.StrictYamlTest.FULL;
import static org.jtorch.recipes.config.StrictYamlTest.bind;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResolvedTest {
  @Test void resolvedYamlNamesEachOrigin() {
    assertThat(bind("steps: 5\nstages: [{name: a, seq_len: 2}]\n", "optim.eps=1").resolved().toYaml()).isEqualTo("""
        steps: 5                                    # x.yaml:1:8
        weight_decay: 0.1                           # default
        precision: bf16                             # default
        optim:
          type: adamw                               # default
          learning_rate: 3e-4                       # default
          eps: 1                                    # override
        schedule:
          type: cosine                              # default
          floor: 0.1                                # default
          warmup: 100                               # default
        stages:
          - name: a                                 # x.yaml:2:17
            seq_len: 2                              # x.yaml:2:29
            batch: 4                                # default
            optim: null                             # default
        sources: {}                                 # default
        tokens: 9_000_000_000                       # default
        compile: false                              # default
        out: null                                   # default
        limit: null                                 # default
        betas: [0.9, 0.95]                          # default
        note: null                                  # default
        """);
  }

  @Test void resolvedBindsToTheSameValue() {
    var first = bind(FULL, "optim.rest.eps=1e-6", "+betas[2]=0.5".replace("+betas[2]", "betas"), "betas=[1, 2]");
    var again = bind(first.resolved().toYaml());
    assertThat(again.value()).isEqualTo(first.value());
    assertThat(bind(again.resolved().toYaml()).resolved().toYaml().replaceAll("x\\.yaml:\\d+:\\d+", "x"))
        .isEqualTo(again.resolved().toYaml().replaceAll("x\\.yaml:\\d+:\\d+", "x"));
  }

  @Test void listsOfMixedOriginAreWrittenInLines() {
    var bound = bind("steps: 1\nbetas: [1, 2]\n", "betas[1]=3");
    assertThat(bound.resolved().toYaml()).containsPattern("betas:\n  - 1 +# x.yaml:2:9\n  - 3 +# override\n");
    assertThat(bind(bound.resolved().toYaml()).value()).isEqualTo(bound.value());
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "~", "", " ", "true", "5", "a: b", "a #b", "#", "- x", "-", "---", "...", "[x", "{", "*a", "&a", "!x", "%", "@",
      "`", "line\nbreak", "tab\t", "Grüße 世界 😀", "\"", "\\", "'", "\u0007", "\u2028", "-x", "? a", "a,b", "=x", "\u0085", "\ufeff"})
  void everyTextSurvives(String text) {
    var quoted = new StringBuilder("\"");
    text.chars().forEach(c -> quoted.append("\\u").append(java.util.HexFormat.of().toHexDigits((char) c)));
    var first = bind("steps: 1\nnote: " + quoted + "\"\nsources: {" + quoted + "\": {path: x}}\n");
    assertThat(first.value().note()).isEqualTo(text);
    assertThat(bind(first.resolved().toYaml()).value()).isEqualTo(first.value());
  }

  @Test void laterProblemsFindTheirPlace() {
    var r = bind("steps: 1\nout: runs/y\n").resolved();
    assertThat(r.problem("out", "is not empty")).isEqualTo(new Problem("x.yaml", 2, 6, "out", "is not empty"));
    assertThat(r.problem("gone", "?").line()).isEqualTo(1);
    assertThat(r.problem("", "?")).isEqualTo(new Problem("x.yaml", 1, 1, "", "?"));
    assertThat(r.problem("no..path", "?").line()).isEqualTo(1);
  }
}
