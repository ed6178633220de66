package org.jtorch.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.JsonValues;
import org.jtorch.jinja.RenderOptions;
import org.jtorch.jinja.Template;
import org.jtorch.jinja.TemplateException;

/// Cases of the kind `jinja`: templates with their variables and the text that they must give, or `error` where they must fail.
final class JinjaCases {
  /// The date that the stored texts show.
  private static final Clock STORED = Clock.fixed(Instant.parse("2025-07-10T12:00:00Z"), ZoneOffset.UTC);
  private static final String TEXT = "target";

  private JinjaCases() {}

  static void run(Path folder, Findings findings) {
    Path file = folder.resolve("cases.json");
    JsonNode cases = JsonFile.openAny(file);
    if (!cases.isArray()) {
      throw new DataException(file + " must hold a list of templates, not " + cases.getNodeType());
    }
    var wrong = new ArrayList<String>();
    int foreign = 0;
    for (JsonNode entry : cases) {
      String difference = difference(entry);
      if (!difference.isEmpty() && isForeign(entry)) {
        foreign++;
        findings.skip(entry.path("name").asText(), "the stored text is not that of Jinja2, as the case says itself (python_jinja2_equal)");
      } else if (!difference.isEmpty()) {
        wrong.add(entry.path("name").asText() + ": " + difference);
      }
    }
    int compared = cases.size() - foreign;
    findings.add(wrong.isEmpty() ? new Check("rendered", 0, 0, true, compared + " templates, exact")
        : new Check("rendered", Double.NaN, Double.NaN, false, wrong.size() + " of " + compared + " differ, first " + wrong.getFirst()));
  }

  /// Whether the text was made by another engine, and Jinja2 gives another one.
  private static boolean isForeign(JsonNode entry) {
    return entry.has(TEXT) && !entry.path("python_jinja2_equal").asBoolean(true);
  }

  /// What is wrong with an entry, or the empty string.
  private static String difference(JsonNode entry) {
    boolean fails = entry.has("error");
    try {
      String text = Template.parse(entry.path("chat_template").asText())
          .render(JsonValues.map(entry.path("data")), RenderOptions.DEFAULT.withClock(STORED));
      return fails ? "rendered, but must fail with " + entry.path("error") : TextCases.differ(entry.path(TEXT).asText(), text);
    } catch (TemplateException e) {
      return fails ? "" : "refused: " + e.getMessage();
    }
  }
}
