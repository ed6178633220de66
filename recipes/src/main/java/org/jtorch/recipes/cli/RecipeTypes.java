package org.jtorch.recipes.cli;

import java.util.List;
import java.util.stream.Stream;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.align.ArithmeticType;
import org.jtorch.recipes.align.AverageType;
import org.jtorch.recipes.align.ChooseType;
import org.jtorch.recipes.align.CollectType;
import org.jtorch.recipes.align.CommitteeType;
import org.jtorch.recipes.align.DpoType;
import org.jtorch.recipes.align.GkdType;
import org.jtorch.recipes.align.GoldType;
import org.jtorch.recipes.align.OnlineDpoType;
import org.jtorch.recipes.align.RejectionType;
import org.jtorch.recipes.align.RewardType;
import org.jtorch.recipes.align.RlType;
import org.jtorch.recipes.align.SftType;
import org.jtorch.recipes.align.WarpType;
import org.jtorch.recipes.claims.ClaimType;
import org.jtorch.recipes.eval.EvalType;
import org.jtorch.recipes.experts.UpcycleType;
import org.jtorch.recipes.pretrain.CaptureType;
import org.jtorch.recipes.pretrain.ExtendType;
import org.jtorch.recipes.pretrain.PrepareType;
import org.jtorch.recipes.pretrain.PretrainType;
import org.jtorch.recipes.pretrain.PruneType;
import org.jtorch.recipes.score.ScoreType;
import org.jtorch.recipes.stage.StagesType;

/// Every kind of recipe there is: the only list.
final class RecipeTypes {
  private RecipeTypes() {}

  /// The built-in recipes and all types.
  static Recipes standard() {
    return new Recipes(new BuiltInCatalog(Recipes.class.getClassLoader(), "recipes"), all());
  }

  static List<RecipeType> all() {
    List<RecipeType> stages = List.of(
        new PrepareType(),
        new PretrainType(),
        new PruneType(),
        new CaptureType(),
        new ExtendType(),
        new UpcycleType(),
        new SftType(),
        new DpoType(),
        new OnlineDpoType(),
        new RlType(),
        new WarpType(),
        new GkdType(),
        new RejectionType(),
        new CommitteeType(),
        new CollectType(),
        new ChooseType(),
        new RewardType(),
        new AverageType(),
        new GoldType(),
        new ArithmeticType(),
        new ScoreType(),
        new EvalType());
    return Stream.concat(stages.stream(), Stream.of(new StagesType(stages), new ClaimType(stages))).toList();
  }
}
