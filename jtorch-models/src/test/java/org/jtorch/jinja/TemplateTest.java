package org.jtorch.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateTest {
  private static final Map<String, Object> VARIABLES = Map.of("list", List.of(1, 2, 3), "word", "False", "map", Map.of("items", 1, "k", "v"));

  private static String render(String template) {
    return Template.parse(template).render(VARIABLES, RenderOptions.DEFAULT);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '~', quoteCharacter = '^', ignoreLeadingAndTrailingWhitespace = false, value = {
      "a\\n  {% if true %}\\n  b\\n  {% endif %}\\nc~a\\n  b\\nc",
      "a  {% if true %}b{% endif %}  c~a  b  c",
      "a\\n  {{- 1 -}}  \\n b~a1b",
      "a\\n  {%+ if true %} b{% endif +%}\\nc~a\\n   b\\nc",
      "a\\n  {# x #}\\nb~a\\nb",
      "a {#- x -#} b~ab",
      "{% raw %}{{ x }}{% endraw %}\\ny~{{ x }}y",
      "  {%- raw -%}  {{ x }}  {%- endraw -%}  y~{{ x }}y",
      "{{ '}}' }}{{ {'a': {'b': 1}} }}~}}{'a': {'b': 1}}",
      "x\\n\\n~x\\n"})
  void blanksAroundTagsGoAsInJinja(String template, String wanted) {
    assertThat(render(template.replace("\\n", "\n"))).isEqualTo(wanted.replace("\\n", "\n"));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '~', quoteCharacter = '^', value = {
      "{% set x = 1 %}{% for i in list %}{% set x = x + i %}{% endfor %}{{ x }} ~ 1",
      "{% set n = namespace(x=1) %}{% for i in list %}{% set n.x = n.x + i %}{% endfor %}{{ n.x }} ~ 7",
      "{% if true %}{% set x = 2 %}{% endif %}{{ x }} ~ 2",
      "{% macro m(a, b=a) %}{{ a }}{{ b }}{{ late }}{% endmacro %}{% set late = '!' %}{{ m(1) }}{{ m(1, 2) }} ~ 11!12!",
      "{% macro m() %}<{{ caller(5) }}>{% endmacro %}{% for i in list %}{% call(x) m() %}{{ i }}{{ x }}{% endcall %}{% endfor %} ~ <15><25><35>",
      "{% for k, v in [('a', 1), ('b', 2)] if v > 1 %}{{ k }}{{ loop.length }}{% else %}none{% endfor %} ~ b1",
      "{% for i in list %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% else %}never{% endfor %} ~ 1",
      "{% for i in [1, [2, [3]]] recursive %}{{ loop(i) if i is iterable else (i, loop.depth0) }}{% endfor %} ~ (1, 0)(2, 1)(3, 2)",
      "{% set t | upper | trim %} a {% endset %}[{{ t }}] ~ [A]",
      "{% filter upper %}a{{ word }}{% endfilter %} ~ AFALSE",
      "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }} ~ 3False",
      "{% set a, (b, c) = 1, (2, 3) %}{{ a }}{{ b }}{{ c }} ~ 123",
      "{{ map.items is callable }}{{ map['items'] }}{{ map.k }} ~ True1v",
      "{{ word == false }}{{ 'yes' if word else 'no' }}{{ not word }} ~ FalseyesFalse",
      "{{ [1.0, 1e16, 1e-5, true, none, \"it's\", 'q'] }} ~ [1.0, 1e+16, 1e-05, True, None, \"it's\", 'q']"})
  void scopesLoopsAndMacros(String template, String wanted) {
    assertThat(render(template).strip()).isEqualTo(wanted);
  }

  /// `word` is given; where a block assigns to it first, blocks inside of it do not see it above the assignment.
  @ParameterizedTest
  @CsvSource(delimiter = '~', quoteCharacter = '^', value = {
      "{% for i in [1] %}[{{ word }}]{% endfor %}{% set word = 1 %}{{ word }} ~ []1",
      "{{ word }}{% for i in [1] %}[{{ word }}]{% endfor %}{% set word = 1 %} ~ False[False]",
      "{% for i in [1] %}[{{ word }}]{% endfor %}{% if false %}{% set word = 1 %}{% endif %}{{ word }} ~ [False]False",
      "{% macro m() %}{{ word }}{% endmacro %}{{ m() }}{% set word = 2 %}{{ m() }} ~ 2",
      "{% set word %}a{{ word }}{% endset %}{{ word }} ~ a",
      "{% for i in [1, 2] %}{% for j in [1] %}{{ word }}{% endfor %}{% set word = i %}{{ word }}{% endfor %} ~ 12",
      "{% for i in [1, 2] %}{% if loop.first %}{% set word = i %}{% endif %}{{ word }}{% endfor %} ~ 1False"})
  void whatABlockAssignsToIsItsOwnFromTheStart(String template, String wanted) {
    assertThat(render(template)).isEqualTo(wanted);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '~', quoteCharacter = '^', value = {
      "{% include 'x' %} ~ 1 ~ `{% include %}` is not supported", "\\n{% foo %} ~ 2 ~ no tag `{% foo %}`",
      "\\n\\n{% if x %}a ~ 3 ~ `{% if %}` is never closed by `{% endif %}`", "{% if x %}{% endfor %} ~ 1 ~ expected `{% elif %}` or",
      "\\n{{ 1 | nope }} ~ 2 ~ no filter called `nope`", "{{ 1 | pprint }} ~ 1 ~ the filter `pprint` is not supported",
      "{{ 1 is nope }} ~ 1 ~ no test called `nope`", "\\n{{ a ~ 2 ~ `{{` is never closed by `}}`", "{{ 'a }} ~ 1 ~ has no end",
      "{{ (1] }} ~ 1 ~ unexpected `]`", "{{ 1 + }} ~ 1 ~ expected an expression but found }}", "{# a ~ 1 ~ never closed by `#}`",
      "{% break %} ~ 1 ~ outside of a loop", "{% for x in y %}{% macro m() %}{% break %}{% endmacro %}{% endfor %} ~ 1 ~ outside of a loop",
      "{% set true = 1 %} ~ 1 ~ cannot assign to `true`", "{{ a ? b }} ~ 1 ~ unexpected character `?`",
      "{{ '\\x4' }} ~ 1 ~ names no character", "{{ f(a=1, 2) }} ~ 1 ~ must stand in the order",
      "{% raw %} ~ 1 ~ `{% raw %}` is never closed"})
  void whatCannotBeReadNamesLineAndConstruct(String template, int line, String says) {
    assertThatThrownBy(() -> Template.parse(template.replace("\\n", "\n"))).isInstanceOf(TemplateException.class)
        .hasMessageStartingWith("line " + line + ": ").hasMessageContaining(says);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '~', quoteCharacter = '^', value = {
      "\\n{{ x.y }} ~ 2 ~ 'x' is undefined", "{{ map.zz.y }} ~ 1 ~ 'dict object' has no attribute 'zz'",
      "{{ list.append(4) }} ~ 1 ~ templates change nothing", "{{ map.update({}) }} ~ 1 ~ templates change nothing",
      "{{ word.encode() }} ~ 1 ~ the method `encode` of strings", "{{ list | map('upper') }} ~ 1 ~ a generator has no text",
      "{{ word + 1 }} ~ 1 ~ can only concatenate str (not \"int\") to str", "{{ 1 < 'a' }} ~ 1 ~ '<' not supported between",
      "{{ 1 / 0 }} ~ 1 ~ division by zero", "{{ word() }} ~ 1 ~ 'str' object is not callable", "{{ range }} ~ 1 ~ a function has no text",
      "{% if true %}\\n{{ 1 | nope }}{% endif %} ~ 2 ~ no filter called `nope`", "{{ (-8) ** 0.5 }} ~ 1 ~ is complex",
      "{{ word.__class__.__mro__ }} ~ 1 ~ has no attribute '__class__'", "{% set word.x = 1 %} ~ 1 ~ non-namespace object",
      "{{ word.getClass().forName('x') }} ~ 1 ~ has no attribute 'getClass'", "{{ {list: 1} }} ~ 1 ~ unhashable type: 'list'"})
  void whatPythonRefusesNamesItsLine(String template, int line, String says) {
    assertThatThrownBy(() -> render(template.replace("\\n", "\n"))).isInstanceOf(TemplateException.class)
        .hasMessageStartingWith("line " + line + ": ").hasMessageContaining(says)
        .extracting(e -> ((TemplateException) e).line()).isEqualTo(line);
  }

  @Test void aTemplateThatIsNotReachedMayUseWhatIsNotKnown() {
    assertThat(render("{% if false %}{{ 1 | nope }}{% endif %}{{ 2 if true else 1 is nope }}")).isEqualTo("2");
  }

  @Test void aRefusalIsTheTemplatesOwnWord() {
    assertThatThrownBy(() -> render("{{ raise_exception('No ' ~ word) }}")).isInstanceOf(TemplateException.Refusal.class).hasMessage("No False");
  }

  @Test void aStrangersObjectsStayOutside() {
    assertThatThrownBy(() -> Template.parse("{{ x }}").render(Map.of("x", Optional.of(1)), RenderOptions.DEFAULT))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("java.util.Optional");
  }

  @Test void theClockIsTheCallers() {
    var clock = Clock.fixed(Instant.parse("2025-07-06T09:08:07Z"), ZoneOffset.UTC);
    String format = "%a %A %d %-d %b %B %m %y %Y %H %I %-M %S %p %j %U %W %w %%";
    assertThat(Template.parse("{{ strftime_now('" + format + "') }}").render(Map.of(), RenderOptions.DEFAULT.withClock(clock)))
        .isEqualTo("Sun Sunday 06 6 Jul July 07 25 2025 09 09 8 07 AM 187 27 26 0 %");
  }

  @Test void marksStandAroundWhatTheAssistantWrote() {
    var template = Template.parse("{% for m in list %}{% generation %}{{ m }}{% endgeneration %}{% endfor %}");
    assertThat(template.marksGeneration()).isTrue();
    assertThat(template.render(VARIABLES, RenderOptions.DEFAULT.withMarks("<", ">"))).isEqualTo("<1><2><3>");
    assertThat(Template.parse("{# {% generation %} #}{{ '{% generation %}' }}").marksGeneration()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '~', quoteCharacter = '^', value = {
      "{{ a }} {{ b.c[d] | join(e) }} {% if f %}{{ g }}{% else %}{{ h }}{% endif %}~a b d e f g h",
      "{% for x in a if x > b %}{{ x }}{{ loop.index }}{% endfor %}~a b",
      "{% set x = a %}{{ x }}{% macro m(y, z=b) %}{{ y }}{{ c }}{% endmacro %}{{ m(1) }}~a b c",
      "{{ a | default(b) }}{{ c if d is defined else e }}{% if f is not defined %}x{% endif %}~b c e",
      "{% with x = a %}{{ x }}{% endwith %}{% filter replace(b, 'c') %}{{ d }}{% endfilter %}{{ range(3) }}~a b d",
      "{% set x %}{{ a }}{% endset %}{% call(y) m(b) %}{{ y }}{{ c }}{% endcall %}~a b c m"})
  void whatATemplateNeedsToBeGiven(String template, String wanted) {
    assertThat(Template.parse(template).variables()).containsExactly(wanted.split(" "));
  }
}
