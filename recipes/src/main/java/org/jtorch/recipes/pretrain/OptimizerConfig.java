package org.jtorch.recipes.pretrain;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Parameter;
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
  /// An optimizer over what a run trains.
  ///
  /// @param peak the highest learning rate of the run
  Optimizer over(Trained trained, double peak);

  /// An optimizer over all of the model's parameters.
  ///
  /// @param peak the highest learning rate of the run
  default Optimizer over(Decoder model, double peak) {
    return over(Trained.of(model), peak);
  }

  /// What an optimizer changes.
  ///
  /// @param model that it belongs to
  /// @param parameters all of it
  /// @param matrices those of the layers, which some optimizers treat in their own way
  record Trained(Decoder model, List<Parameter> parameters, List<Parameter> matrices) {
    /// A whole model.
    public static Trained of(Decoder model) {
      return new Trained(model, model.parameters(), model.projections());
    }
  }

  /// AdamW (decoupled weight decay).
  @Named("adamw")
  record AdamW(@Default("0.9") double beta1, @Default("0.95") double beta2, @Default("1e-8") double eps,
      @Doc("not applied to norms and biases") @Default("0.1") double weightDecay,
      @Doc("width at which learning_rate was found: wider models' matrices take smaller steps (muP simple)") @Nullable Integer mupBase)
      implements OptimizerConfig {
    public AdamW {
      moments(beta1, beta2, eps);
      notNegative("weight_decay", weightDecay, "0.1");
      width(mupBase);
    }

    @Override public Optimizer over(Trained trained, double peak) {
      return org.jtorch.optim.AdamW.over(groups(trained, weightDecay, mupBase), new org.jtorch.optim.AdamW.Options(beta1, beta2, eps));
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

    @Override public Optimizer over(Trained trained, double peak) {
      var options = new org.jtorch.optim.Muon.Options(momentum, true, steps, org.jtorch.optim.Muon.Adjust.MATCH_RMS_ADAMW);
      return org.jtorch.optim.Muon.withAdamW(trained.parameters(), trained.matrices(), weightDecay, options,
          new org.jtorch.optim.AdamW.Options(beta1, beta2, eps));
    }
  }

  /// AFM's: RMSProp with momentum, clipped by block, with a decay that follows the schedule and not the rate.
  @Named("adastar")
  record AdaStar(@Default("0.95") double beta1, @Default("0.95") double beta2,
      @Doc("most that the root mean square of a weight's update may be") @Default("1") double clip,
      @Doc("times the schedule, not the rate; not applied to norms and biases") @Default("3.16e-4") double weightDecay,
      @Doc("width at which learning_rate was found: wider models' matrices take smaller steps (muP simple)") @Nullable Integer mupBase)
      implements OptimizerConfig {
    public AdaStar {
      rate("beta1", beta1, "0.95");
      rate("beta2", beta2, "0.95");
      if (!(clip > 0)) {
        throw new IllegalArgumentException("`clip` must be > 0 but was " + clip + "; 1 is usual");
      }
      notNegative("weight_decay", weightDecay, "3.16e-4");
      width(mupBase);
    }

    @Override public Optimizer over(Trained trained, double peak) {
      return org.jtorch.optim.AdaStar.over(independent(trained), peak, new org.jtorch.optim.AdaStar.Options(beta1, beta2, clip));
    }

    /// muP's groups divide the decay by the factor that their learning rate carries, which does not reach an independent decay.
    private List<ParameterGroup> independent(Trained trained) {
      return groups(trained, weightDecay, mupBase).stream()
          .map(g -> new ParameterGroup(g.parameters(), g.weightDecay() * g.lrScale(), g.lrScale())).toList();
    }
  }

  /// The second moment of a matrix as a row and a column: hardly any memory.
  record Adafactor(@Doc("below 0; how fast the squares' average forgets") @Default("-0.8") double decay, @Default("0") double weightDecay)
      implements OptimizerConfig {
    public Adafactor {
      if (!(decay <= 0)) {
        throw new IllegalArgumentException("`decay` must be <= 0 but was " + decay + "; -0.8 is usual");
      }
      notNegative("weight_decay", weightDecay, "0.1");
    }

    @Override public Optimizer over(Trained trained, double peak) {
      var usual = org.jtorch.optim.Adafactor.Options.DEFAULT;
      return org.jtorch.optim.Adafactor.over(trained.parameters(), weightDecay,
          new org.jtorch.optim.Adafactor.Options(decay, usual.eps1(), usual.eps2(), usual.clip()));
    }
  }

  /// Stochastic gradient descent.
  record Sgd(@Default("0.9") double momentum, @Default("false") boolean nesterov, @Default("0") double weightDecay) implements OptimizerConfig {
    public Sgd {
      rate("momentum", momentum, "0.9");
      notNegative("weight_decay", weightDecay, "1e-4");
      if (nesterov && momentum == 0) {
        throw new IllegalArgumentException("`nesterov` needs momentum above 0; e.g. momentum: 0.9");
      }
    }

    @Override public Optimizer over(Trained trained, double peak) {
      return org.jtorch.optim.Sgd.over(trained.parameters(), weightDecay, new org.jtorch.optim.Sgd.Options(momentum, 0, nesterov));
    }
  }

  private static List<ParameterGroup> groups(Trained trained, double weightDecay, @Nullable Integer mupBase) {
    return mupBase == null ? ParameterGroups.byRank(trained.parameters(), weightDecay)
        : ParameterGroups.muPSimple(trained.parameters(), trained.matrices(), trained.model().config().dim(), mupBase, weightDecay);
  }

  private static void width(@Nullable Integer mupBase) {
    if (mupBase != null && mupBase < 1) {
      throw new IllegalArgumentException("`mup_base` must be >= 1 but was " + mupBase);
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
