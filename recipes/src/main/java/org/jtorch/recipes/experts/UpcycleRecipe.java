package org.jtorch.recipes.experts;

import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.upcycle.Upcycling;

/// A mixture of experts from a dense model, as Qwen 2 made its 57B-A14B from its 7B (arXiv:2407.10671, section 2.2.2).
@Named("upcycle")
public record UpcycleRecipe(
    @Doc("names the stage, and its model for later ones") String name,
    @Doc("the dense model: an earlier stage, or a Hugging Face folder") Reference from,
    @Doc("what is drawn anew follows from it") @Default("1") long seed,
    @Doc("experts in a layer") int experts,
    @Doc("how many of them a token goes through") int active,
    @Doc("width of an expert") int hidden,
    @Doc("width of the shared expert") int shared,
    @Doc("of the balancing loss") @Default("0.001") double auxCoefficient,
    @Doc("the part of each expert's weights that begins anew; Qwen 2's is half") @Default("0.5") double fresh,
    @Doc("what begins anew together: each number for itself, or whole neurons") @Default("element") Upcycling.Unit unit,
    @Doc("permute the neurons of each copy") @Default("true") boolean shuffle) implements Stage {
  public UpcycleRecipe {
    if (shared < 1) {
      throw new IllegalArgumentException("`shared` must be >= 1 but was " + shared + "; the family always has a shared expert, e.g. shared: 384");
    }
    var _ = Upcycling.of(experts, active, hidden, shared).withFresh(fresh, unit);          // its checks
  }

  /// What the keys say.
  Upcycling upcycling() {
    return Upcycling.of(experts, active, hidden, shared).withAuxCoefficient(auxCoefficient).withFresh(fresh, unit).withShuffle(shuffle);
  }
}
