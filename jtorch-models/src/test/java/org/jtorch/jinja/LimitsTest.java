package org.jtorch.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.jtorch.jinja.python.Limits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Templates that would never end, or fill the memory.
class LimitsTest {
  private static final Limits SMALL = new Limits(200_000, 1_000_000, 300);
  private static final String GROW = "{% set n = namespace(s='ab', l=[1], k=[1], t=()) %}{% for i in range(60) %}";

  private static String render(String template, Limits limits) {
    return Template.parse(template).render(Map.of("text", "x".repeat(1000)), RenderOptions.DEFAULT.withLimits(limits));
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
      "{% for i in range(999) %}{{ range(9999) | list | length }}{% endfor %}",
      GROW + "{% set n.s = n.s ~ n.s %}{% endfor %}", GROW + "{% set n.s = n.s + n.s %}{% endfor %}", GROW + "{% set n.l = n.l + n.l %}{% endfor %}",
      GROW + "{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}", GROW + "{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l | tojson }}",
      GROW + "{% set n.l = [n.l, n.l] %}{% set n.k = [n.k, n.k] %}{% endfor %}{{ n.l == n.k }}",
      GROW + "{% set n.l = [n.l, n.l] %}{% set n.k = [n.k, n.k] %}{% endfor %}{{ n.l in [n.k] }}",
      GROW + "{% set n.l = [n.l, n.l] %}{% endfor %}{{ [n.l, n.l] | sort }}",
      GROW + "{% set n.t = (n.t, n.t) %}{% endfor %}{{ {n.t: 1} }}",
      "{{ 'a' * 9999999999 }}", "{{ [0] * 9999999999 }}", "{{ 'a'.center(999999999) }}", "{{ 'a' | center(999999999) }}",
      "{{ '%999999d' % 1 }}{{ '%999999d' % 1 }}", "{{ '{:>999999}{:>999999}'.format(1, 2) }}", "{{ 'a\\nb' | indent(99999999) }}",
      "{{ 'ab' | replace('', 'c' * 900000) }}", "{{ ('a' * 1000).replace('a', 'b' * 1000) }}", "{{ (['a' * 1000] * 9999) | join }}",
      "{{ [1] | batch(999999999, 0) | list }}", "{{ [1] | slice(999999999) | list }}", "{{ [[[[1]]]] | tojson(indent='x' * 900000) }}",
      "{{ 2 ** 99999999 }}", "{{ 10 ** 4000 * 10 ** 4000 }}", "{{ range(100001) }}", "{{ range(-9, 10 ** 15) }}",
      "{% for i in range(9999) %}{{ ('a' * 9000 ~ 'b') in 'a' * 90000 }}{% endfor %}",
      "{% set a = 'a' * 400000 %}{% set b = 'a' * 400000 %}{% for i in range(99999) %}{{ '' if a == b }}{% endfor %}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}"})
  void whatRunsAwayIsStopped(String template) {
    assertThatThrownBy(() -> render(template, SMALL)).isInstanceOf(TemplateException.class)
        .hasMessageMatching("(?s)line 1: .*(more than|deeper than|runs away|Too many decimal digits|numbers; templates|too large).*");
  }

  @Test void manyBracketsInOneAnotherAreRefused() {
    for (String open : new String[] {"(", "[", "-", "not ", "{1:", "x[", "x(", "a if ", "1 if 1 else "}) {
      assertThatThrownBy(() -> Template.parse("{{ " + open.repeat(100_000) + " }}")).isInstanceOf(TemplateException.class);
    }
    assertThatThrownBy(() -> Template.parse("{% if x %}".repeat(10_000))).hasMessageContaining("nested deeper than 200");
    assertThatThrownBy(() -> Template.parse("{% set " + "(".repeat(10_000) + "x" + ")".repeat(10_000) + " = 1 %}")).hasMessageContaining("nested deeper than 200");
    assertThat(render("{{ " + "(".repeat(50) + "1" + ")".repeat(50) + " }}", Limits.DEFAULT)).isEqualTo("1");
  }

  @Test void longInputsAllowMore() {
    String copies = "{% for i in range(40) %}{{ text | trim | length }}{% endfor %}";
    assertThat(render(copies, new Limits(1000, 1000, 100))).startsWith("1000");
    assertThatThrownBy(() -> Template.parse(copies).render(Map.of("text", "x"), RenderOptions.DEFAULT.withLimits(new Limits(100, 1000, 100))))
        .hasMessageContaining("more than 200 steps");
    assertThatThrownBy(() -> new Limits(0, 1, 1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("positive");
  }
}
