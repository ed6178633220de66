package org.jtorch.recipes.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jtorch.observe.MetricsFile;

/// What a report shows.
///
/// @param title the run's name
/// @param configYaml the resolved configuration, as text
/// @param environment machine, versions and settings, in the order to show them
/// @param figures pictures that the run drew, as SVG
/// @param rows of what it trains on, as HTML; empty for none
/// @param part tables of results, as HTML; empty for none
public record ReportData(String title, MetricsFile metrics, String configYaml, Map<String, String> environment, List<String> figures,
    String rows, String part) {
  /// A run that drew nothing.
  public ReportData(String title, MetricsFile metrics, String configYaml, Map<String, String> environment) {
    this(title, metrics, configYaml, environment, List.of(), "", "");
  }

  public ReportData {
    figures = List.copyOf(figures);
    SequencedMap<String, String> copy = new LinkedHashMap<>(environment);
    environment = Collections.unmodifiableMap(copy);
  }
}
