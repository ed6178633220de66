package org.jtorch.recipes.eval;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.jtorch.eval.task.RowTemplate;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Rows of a file, and what is made of their columns.
record TableConfig(
    @Doc("a file of JSON lines, a JSON list, CSV, TSV or lines, also with .gz or .zst; one * in its name makes a part of the task of each file"
        + " that fits, and what it stands for is the column `subset`") String path,
    @Doc("names of the columns of a CSV file that does not begin with them") @Default("[]") List<String> columns,
    @Doc("a file with one line for each row: the column `label`") @Nullable String labels,
    @Doc("further columns, each a template that may use those before it") @Default("{}") Map<String, String> let,
    @Doc("made in prompts and answers, one after the other") @Default("[]") List<Replace> replace) {
  /// @param pattern a regular expression
  /// @param with what stands in the place of each match
  record Replace(String pattern, @Default("\"\"") String with) {
    Replace {
      TableConfig.pattern("pattern", pattern);
    }
  }

  TableConfig {
    let.forEach(RowTemplate::new);
  }

  /// For examples, whose labels are columns.
  TableConfig withoutLabels() {
    return new TableConfig(path, columns, null, let, replace);
  }

  RowTemplate template(String key, String source) {
    return new RowTemplate(key, source,
        replace.stream().map(r -> new RowTemplate.Replacement(Pattern.compile(r.pattern), r.with)).toList());
  }

  static Pattern pattern(String key, String regex) {
    try {
      return Pattern.compile(regex);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException("`" + key + "` is no regular expression: " + e.getMessage(), e);
    }
  }
}
