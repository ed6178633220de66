package org.jtorch.recipes.align;

import org.jtorch.align.preference.Reference;
import org.jtorch.decoder.Decoder;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.DefaultType;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;

/// What a policy that answers itself is measured from; the model that it begins with where a recipe names no type.
@DefaultType("fixed")
public sealed interface ReferenceConfig {
  /// The reference of a policy at its beginning, to be closed after the run.
  Reference of(Decoder policy);

  /// The model that the run begins with, as it is then.
  @Named("fixed")
  record Fixed() implements ReferenceConfig {
    @Override public Reference of(Decoder policy) {
      return Reference.frozenCopyOf(policy);
    }
  }

  /// A copy that moves towards the policy (TR-DPO, arXiv:2404.09656; with every: 1 WARP's anchor, arXiv:2406.16768).
  @Named("following")
  record Following(@Doc("how far it goes: 1 all the way") @Default("0.6") double mu, @Doc("steps between two moves") @Default("512") long every)
      implements ReferenceConfig {
    public Following {
      if (!(mu > 0 && mu <= 1)) {
        throw new IllegalArgumentException("`mu` must be above 0 and at most 1 but was " + mu + "; 0.6 is TR-DPO's, 0.01 with every: 1 WARP's");
      }
      if (every < 1) {
        throw new IllegalArgumentException("`every` must be >= 1 but was " + every + "; 512 is TR-DPO's, 1 WARP's");
      }
    }

    @Override public Reference of(Decoder policy) {
      return Reference.following(policy, mu, every);
    }
  }
}
