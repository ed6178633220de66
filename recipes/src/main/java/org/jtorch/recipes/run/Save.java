package org.jtorch.recipes.run;

import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Checkpoints.
public record Save(
    @Doc("steps between checkpoints; 0: only at the end") @Default("0") long every,
    @Doc("how many stay; 0: all") @Default("2") int keep) {}
