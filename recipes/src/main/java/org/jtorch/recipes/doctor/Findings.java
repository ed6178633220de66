package org.jtorch.recipes.doctor;

import java.util.List;

/// What was found, and what to do about it.
///
/// @param works whether libtorch can be used at all
/// @param advice one sentence or two for each thing that is missing or slow
public record Findings(boolean works, List<Section> sections, List<String> advice) {
  public Findings {
    sections = List.copyOf(sections);
    advice = List.copyOf(advice);
  }

  /// For a terminal.
  public String text() {
    var text = new StringBuilder();
    for (var section : sections) {
      text.append(section.title()).append('\n');
      int width = section.facts().keySet().stream().mapToInt(String::length).max().orElse(0) + 2;
      section.facts().forEach((name, value) ->
          text.append("  ").append(name).append(" ".repeat(width - name.length())).append(value).append('\n'));
      text.append('\n');
    }
    text.append("What to do\n");
    lines().forEach(line -> text.append("  - ").append(line).append('\n'));
    return Privacy.clean(text.toString());
  }

  /// To paste into an issue.
  public String markdown() {
    var text = new StringBuilder("### jtorch doctor\n");
    for (var section : sections) {
      text.append("\n| ").append(section.title()).append(" | |\n|---|---|\n");
      section.facts().forEach((name, value) ->
          text.append("| ").append(cell(name)).append(" | ").append(cell(value)).append(" |\n"));
    }
    text.append("\n**What to do**\n\n");
    lines().forEach(line -> text.append("- ").append(line).append('\n'));
    return Privacy.clean(text.toString());
  }

  private List<String> lines() {
    return advice.isEmpty() ? List.of("nothing: all is well") : advice;
  }

  private static String cell(String text) {
    return text.replace("|", "\\|").replaceAll("\\s*\\R\\s*", " ");
  }
}
