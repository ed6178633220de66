package org.jtorch.recipes.run;

import java.util.List;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Validation and samples.
public record Eval(
    @Doc("steps between validations; 0: only at the end") @Default("0") long every,
    @Default("[]") List<String> prompts,
    @Default("48") int newTokens,
    @Default("0.8") double temperature) {}
