package org.jtorch.recipes.stage;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.LaidOver;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Shared;

/// Several recipes as one: they run in the order of the list, and each takes what it needs from earlier ones by their names.
@Named("stages")
public record StagesRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("keys for every stage that has them and does not give them itself: seed, device, dtype, data, ...") @Nullable Shared shared,
    @Doc("the stages, each with a type and a name") @LaidOver("shared") List<Stage> stages) {
  public StagesRecipe {
    if (stages.isEmpty()) {
      throw new IllegalArgumentException("`stages` is empty; e.g. stages: [{type: pretrain, name: core, ...}]");
    }
  }
}
