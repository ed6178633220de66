package org.jtorch.text;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
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

  /// `{% generation %}...{% endgeneration %}`: marks an assistant's own text; renders it as it is.
  static final class Generation implements Tag {
    private static final long serialVersionUID = 1;

    @Override public String getName() {
      return "generation";
    }

    @Override public String interpret(TagNode node, JinjavaInterpreter interpreter) {
      var text = new StringBuilder();
      node.getChildren().forEach(child -> text.append(child.render(interpreter)));
      return text.toString();
    }
  }

  private final Jinjava engine;
  private final String source;

  Jinja(String source) {
    this.source = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
    this.engine = new Jinjava(JinjavaConfig.newBuilder().withTrimBlocks(true).withLstripBlocks(true)
        .withNestedInterpretationEnabled(false)
        .withLegacyOverrides(LegacyOverrides.newBuilder().withUseNaturalOperatorPrecedence(true).withEvaluateMapKeys(true)
            .withUsePyishObjectMapper(true).withParseWhitespaceControlStrictly(true).withKeepNullableLoopValues(true)
            .withUseTrimmingForNotesAndExpressions(true).build())
        .build());
    var context = engine.getGlobalContext();
    context.registerTag(new Generation());
    context.registerFunction(new ELFunctionDefinition("", "raise_exception", Jinja.class, "raise", String.class));
    context.registerFunction(new ELFunctionDefinition("", "strftime_now", Jinja.class, "now", String.class));
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
