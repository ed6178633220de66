package org.jtorch.recipes.run;

import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Where figures go beside metrics.jsonl and the report.
public record Metrics(@Default("true") boolean tensorboard, @Doc("port for /metrics on this machine") @Nullable Integer prometheusPort) {}
