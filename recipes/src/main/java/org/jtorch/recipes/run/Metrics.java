package org.jtorch.recipes.run;

import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Where figures go beside metrics.jsonl and the report.
public record Metrics(@Default("true") boolean tensorboard, @Doc("port for /metrics on this machine") @Nullable Integer prometheusPort) {
  public Metrics {
    if (prometheusPort != null && (prometheusPort < 0 || prometheusPort > 65_535)) {
      throw new IllegalArgumentException("`prometheus_port` must be from 0 (any that is free) to 65535 but was " + prometheusPort);
    }
  }
}
