package org.jtorch.recipes.stage;

import java.util.List;
import java.util.Map;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;

/// Stages that run again and again, each round with what the last one left. Outside, `rounds` is what the last stage of the last round left,
/// `rounds.dpo` the last round's `dpo`, `rounds-1.dpo` the first one's.
@Named("group")
public record StageGroup(
    @Doc("names the group; round 2 of its stage dpo is <name>-2.dpo") String name,
    @Doc("how many rounds there are") int repeat,
    @Doc("names that stand for something else in every round") @Default("{}") Map<String, Carry> carry,
    @Doc("the stages of a round") List<Stage> stages) implements Stage {
  public StageGroup {
    if (repeat < 1) {
      throw new IllegalArgumentException("`repeat` must be >= 1 but was " + repeat + "; Llama 3.1 has 6 rounds");
    }
    if (stages.isEmpty()) {
      throw new IllegalArgumentException("`stages` is empty; give the stages of a round");
    }
  }

  /// What a name means.
  public record Carry(
      @Doc("in the first round: a stage before the group, or a folder") Reference first,
      @Doc("in every later one: a stage of the round before") Reference then) {}
}
