package org.jtorch.recipes.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.jtorch.observe.MetricsFile;

/// What a report shows.
///
/// @param title the run's name
/// @param configYaml the resolved configuration, as text
/// @param environment machine, versions and settings, in the order to show them
public record ReportData(String title, MetricsFile metrics, String configYaml, Map<String, String> environment) {
  public ReportData {
    SequencedMap<String, String> copy = new LinkedHashMap<>(environment);
    environment = Collections.unmodifiableMap(copy);
  }
}
