package org.jtorch.recipes.pretrain;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.Decoder;
import org.jtorch.optim.Optimizer;
import org.jtorch.optim.ParameterGroup;
import org.jtorch.optim.ParameterGroups;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.DefaultType;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;

/// What changes the weights; AdamW where a recipe names no type.
@DefaultType("adamw")
public sealed interface OptimizerConfig {
  /// An optimizer over all of the model's parameters.
  Optimizer over(Decoder model);

  /// AdamW (decoupled weight decay).
  @Named("adamw")
  record AdamW(@Default("0.9") double beta1, @Default("0.95") double beta2, @Default("1e-8") double eps,
      @Doc("not applied to norms and biases") @Default("0.1") double weightDecay,
      @Doc("width at which learning_rate was found: wider models' matrices take smaller steps (muP simple)") @Nullable Integer mupBase)
      implements OptimizerConfig {
    public AdamW {
      moments(beta1, beta2, eps);
      notNegative("weight_decay", weightDecay, "0.1");
      if (mupBase != null && mupBase < 1) {
        throw new IllegalArgumentException("`mup_base` must be >= 1 but was " + mupBase);
      }
    }

    @Override public Optimizer over(Decoder model) {
      return org.jtorch.optim.AdamW.over(groups(model), new org.jtorch.optim.AdamW.Options(beta1, beta2, eps));
    }

    private List<ParameterGroup> groups(Decoder model) {
      return mupBase == null ? ParameterGroups.byRank(model.parameters(), weightDecay)
          : ParameterGroups.muPSimple(model.parameters(), model.projections(), model.config().dim(), mupBase, weightDecay);
    }
  }

  /// Muon for the layers' matrices, whose updates are as large as AdamW's, and AdamW for embeddings, head, norms and experts.
  record Muon(@Default("0.95") double momentum, @Doc("steps of Newton-Schulz") @Default("5") int steps,
      @Doc("not applied to norms and biases") @Default("0.1") double weightDecay,
      @Doc("AdamW's, as are beta2 and eps") @Default("0.9") double beta1, @Default("0.95") double beta2, @Default("1e-8") double eps)
      implements OptimizerConfig {
    public Muon {
      rate("momentum", momentum, "0.95");
      if (steps < 1) {
        throw new IllegalArgumentException("`steps` must be >= 1 but was " + steps + "; 5 is usual");
      }
      moments(beta1, beta2, eps);
      notNegative("weight_decay", weightDecay, "0.1");
    }

    @Override public Optimizer over(Decoder model) {
      var options = new org.jtorch.optim.Muon.Options(momentum, true, steps, org.jtorch.optim.Muon.Adjust.MATCH_RMS_ADAMW);
      return org.jtorch.optim.Muon.withAdamW(model.parameters(), model.projections(), weightDecay, options,
          new org.jtorch.optim.AdamW.Options(beta1, beta2, eps));
    }
  }

  private static void moments(double beta1, double beta2, double eps) {
    rate("beta1", beta1, "0.9");
    rate("beta2", beta2, "0.95");
    notNegative("eps", eps, "1e-8");
  }

  private static void rate(String key, double value, String usual) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException("`" + key + "` must be from 0 to below 1 but was " + value + "; " + usual + " is usual");
    }
  }

  private static void notNegative(String key, double value, String usual) {
    if (!(value >= 0 && Double.isFinite(value))) {
      throw new IllegalArgumentException("`" + key + "` must be >= 0 but was " + value + "; " + usual + " is usual");
    }
  }
}
