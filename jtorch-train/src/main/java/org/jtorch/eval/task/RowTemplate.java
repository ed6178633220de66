package org.jtorch.eval.task;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jtorch.data.TableRow;
import org.jtorch.io.DataException;
import org.jtorch.jinja.RenderOptions;
import org.jtorch.jinja.Template;
import org.jtorch.jinja.TemplateException;

/// A Jinja template that makes text of a row: its variables are the row's columns.
public final class RowTemplate {
  /// What is put in the place of each match.
  public record Replacement(Pattern pattern, String with) {}

  private static final ObjectMapper JSON = new ObjectMapper();

  private final String key;
  private final Template template;
  private final Set<String> variables;
  private final List<Replacement> replacements;

  public RowTemplate(String key, String source) {
    this(key, source, List.of());
  }

  /// @param key what messages call it
  /// @param replacements made in its texts, one after the other
  /// @throws IllegalArgumentException if it is no template
  public RowTemplate(String key, String source, List<Replacement> replacements) {
    this.key = key;
    this.replacements = List.copyOf(replacements);
    try {
      this.template = Template.parse(source.endsWith("\n") ? source + "\n" : source);       // Jinja drops the last one
      this.variables = template.variables();
    } catch (TemplateException e) {
      throw new IllegalArgumentException("`" + key + "` is no template: " + e.getMessage(), e);
    }
  }

  /// @throws DataException if the row lacks what the template asks for
  public String text(TableRow row) {
    return replaced(written(row));
  }

  private String replaced(String text) {
    String s = text;
    for (var r : replacements) {
      s = r.pattern.matcher(s).replaceAll(r.with);
    }
    return s;
  }

  private String written(TableRow row) {
    for (String name : variables) {
      if (!row.values().containsKey(name)) {
        throw new DataException(row.place() + " has no column `" + name + "`, which `" + key + "` reads; its columns are "
            + String.join(", ", row.values().keySet()));
      }
    }
    try {
      return template.render(row.values(), RenderOptions.DEFAULT);
    } catch (TemplateException e) {
      throw new DataException(row.place() + ": `" + key + "` cannot be rendered: " + e.getMessage() + "; the row's columns are "
          + String.join(", ", row.values().keySet()), e);
    }
  }

  /// Texts that the template writes as a JSON list, such as `{{ choices | tojson }}`.
  public List<String> texts(TableRow row) {
    String text = written(row);
    try {
      JsonNode list = JSON.readTree(text);
      if (list.isArray() && list.valueStream().allMatch(JsonNode::isValueNode)) {
        return list.valueStream().map(node -> replaced(node.asText())).toList();
      }
    } catch (JsonProcessingException e) {
      throw new DataException(notAList(row, text), e);
    }
    throw new DataException(notAList(row, text));
  }

  private String notAList(TableRow row, String text) {
    return row.place() + ": `" + key + "` must write a JSON list of texts, as {{ choices | tojson }} does, but wrote "
        + text.substring(0, Math.min(80, text.length()));
  }

  /// A number from 0 to below `count`.
  public int index(TableRow row, int count) {
    String text = text(row).strip();
    if (text.matches("\\d{1,6}") && Integer.parseInt(text) < count) {
      return Integer.parseInt(text);
    }
    throw new DataException(row.place() + ": `" + key + "` must write the number of the right answer, 0 to " + (count - 1)
        + ", but wrote \"" + text.substring(0, Math.min(80, text.length())) + "\"");
  }
}
