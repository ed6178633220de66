package org.jtorch.recipes.align;

import org.jtorch.recipes.config.DefaultType;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;

/// What tells PPO and MDPO what to expect; a head on the policy where a recipe names no type.
@DefaultType("shared")
public sealed interface CriticConfig {
  /// A head on the policy's own trunk.
  @Named("shared")
  record Shared() implements CriticConfig {}

  /// A network of its own that begins as a reward model (arXiv:2203.02155, section 3.5).
  ///
  /// @param from a stage of type reward, or its folder
  @Named("own")
  record Own(Reference from) implements CriticConfig {}
}
