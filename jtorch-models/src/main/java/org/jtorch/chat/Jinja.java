package org.jtorch.chat;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import com.hubspot.jinjava.lib.tag.Tag;
import com.hubspot.jinjava.objects.date.StrftimeFormatter;
import com.hubspot.jinjava.tree.TagNode;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import jinjava.javax.el.CompositeELResolver;
import jinjava.javax.el.ELResolver;

/// Jinjava, set up as checkpoints expect Jinja: `trim_blocks`, `lstrip_blocks`, Python's operator precedence, and the
/// functions `raise_exception` and `strftime_now`. Nested interpretation is off: text of users stays text.
final class Jinja {
  /// What a template says when it refuses its input.
  static final class Raised extends RuntimeException {
    private static final long serialVersionUID = 1;

    Raised(String message) {
      super(message);
    }
  }

  /// Variables that a caller may set: strings to write before and after each `{% generation %}` block.
  static final String GENERATION_BEGINS = "jtorch_generation_begins";
  static final String GENERATION_ENDS = "jtorch_generation_ends";
  private static final Pattern GENERATION = Pattern.compile("\\{%[-+]?\\s*generation\\s*[-+]?%}");

  /// `{% generation %}...{% endgeneration %}`: an assistant's own text; renders it as it is, between the marks if set.
  static final class Generation implements Tag {
    private static final long serialVersionUID = 1;

    @Override public String getName() {
      return "generation";
    }

    @Override public String interpret(TagNode node, JinjavaInterpreter interpreter) {
      var text = new StringBuilder(mark(interpreter, GENERATION_BEGINS));
      node.getChildren().forEach(child -> text.append(child.render(interpreter)));
      return text.append(mark(interpreter, GENERATION_ENDS)).toString();
    }

    private static String mark(JinjavaInterpreter interpreter, String variable) {
      return interpreter.getContext().get(variable) instanceof String mark ? mark : "";
    }
  }

  private final Jinjava engine;
  private final String source;

  Jinja(String source) {
    this.source = JinjaSource.adapt(source);
    this.engine = new Jinjava(JinjavaConfig.newBuilder().withTrimBlocks(true).withLstripBlocks(true)
        .withNestedInterpretationEnabled(false).withElResolver(resolver())
        .withLegacyOverrides(LegacyOverrides.newBuilder().withUseNaturalOperatorPrecedence(true).withEvaluateMapKeys(true)
            .withUsePyishObjectMapper(true).withParseWhitespaceControlStrictly(true).withKeepNullableLoopValues(true)
            .withUseTrimmingForNotesAndExpressions(true).build())
        .build());
    var context = engine.getGlobalContext();
    context.registerTag(new Generation());
    context.put("strftime_now", "strftime_now"); // for `strftime_now is defined`
    context.registerFunction(new ELFunctionDefinition("", "raise_exception", Jinja.class, "raise", String.class));
    context.registerFunction(new ELFunctionDefinition("", "strftime_now", Jinja.class, "now", String.class));
  }

  private static ELResolver resolver() {
    var resolver = new CompositeELResolver();
    resolver.add(new PythonStrings());
    resolver.add(JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_WRITE);
    return resolver;
  }

  /// Whether the template says itself what the assistant wrote.
  boolean marksGeneration() {
    return GENERATION.matcher(source).find();
  }

  RenderResult render(Map<String, Object> variables) {
    return engine.renderForResult(source, variables);
  }

  /// Called by templates.
  @SuppressWarnings("DoNotCallSuggester")
  public static String raise(String message) {
    throw new Raised(message);
  }

  /// Called by templates.
  public static String now(String format) {
    return StrftimeFormatter.format(ZonedDateTime.now(ZoneId.systemDefault()), format, Locale.ENGLISH);
  }
}
