package org.jtorch.recipes.claims;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.LaidOver;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Shared;

/// A claim of a paper in miniature: a recipe of stages that runs once for every seed, what is measured, and the rule that judges.
@Named("claim")
public record ClaimRecipe(
    @Doc("names the claim, R15; its folder is runs/claims/<name> unless --out says otherwise") String name,
    @Doc("the claim in one sentence") String claim,
    @Doc("the paper, its section or table, and what stands there") String source,
    @Doc("what of the recipe was tuned, and on which seeds") @Default("nothing") String tuned,
    @Doc("the seeds that judge; every stage with a seed gets it, one that gives itself seed 2 gets 1000 more, and so on") @Default("[1, 2, 3]") List<Long> seeds,
    @Doc("keys for every stage that has them and does not give them itself") @Nullable Shared shared,
    @Doc("the stages, each with a type and a name") @LaidOver("shared") List<Stage> stages,
    @Doc("numbers that every seed gives, by names of one's own") Map<String, Measure> measures,
    @Doc("the rules that must all hold") List<Check> judge,
    @Doc("rules that are told and do not count") @Default("[]") List<Check> beside,
    @Doc("what the figure shows") Figure figure) {
  public ClaimRecipe {
    if (seeds.isEmpty() || new HashSet<>(seeds).size() < seeds.size()) {
      throw new IllegalArgumentException("`seeds` must be different numbers but was " + seeds + "; e.g. [1, 2, 3]");
    }
    if (stages.isEmpty()) {
      throw new IllegalArgumentException("`stages` is empty; e.g. stages: [{type: pretrain, name: core, ...}]");
    }
    if (judge.isEmpty()) {
      throw new IllegalArgumentException("`judge` is empty; e.g. judge: [{type: less, less: distilled, than: scratch}]");
    }
  }

  /// A row of points for each measure, a point for each seed, all on one axis.
  public record Figure(@Doc("what the axis counts") String axis, @Doc("measures, the first on top") List<String> measures) {
    public Figure {
      if (measures.isEmpty()) {
        throw new IllegalArgumentException("`measures` is empty; name those that the claim compares");
      }
    }
  }
}
