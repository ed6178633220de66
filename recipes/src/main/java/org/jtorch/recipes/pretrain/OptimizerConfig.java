package org.jtorch.recipes.pretrain;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.observe.Units;
import org.jtorch.nn.Parameter;
import org.jtorch.optim.Optimizer;
import org.jtorch.optim.ParameterGroup;
import org.jtorch.optim.ParameterGroups;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.DefaultType;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;

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

  /// The same in a stage that aligns a model, where other models are at hand.
  ///
  /// @param seed the stage's
  default Optimizer over(Trained trained, double peak, long seed, Artifacts known) {
    return over(trained, peak);
  }

  /// What it lacks in a stage that begins with a model, found before anything starts.
  ///
  /// @param steps of the stage if they are given
  default List<String> problems(Artifact.Model from, @Nullable Long steps, Artifacts known) {
    return List.of();
  }

  /// Fails for an optimizer that only stages which align a model can have.
  static void forPretraining(OptimizerConfig optimizer) {
    if (optimizer instanceof OnlineMerging) {
      throw new IllegalArgumentException("`optimizer.type` online-merging merges with what fine-tuning added to a base model, and this stage aligns"
          + " none; use adamw, or online-merging in a stage of type dpo or online-dpo");
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

  /// AdamW whose every update is merged with what fine-tuning had added (arXiv:2405.17931): Qwen 2's, against what alignment costs.
  record OnlineMerging(
      @Doc("the model before fine-tuning: an earlier stage, or a folder") Reference base,
      @Doc("the fine-tuned model, as a rule the one that the stage begins with") Reference sft,
      @Doc("how much of sft - base comes in at every step; times the steps it should stay far below 1") @Default("5e-6") double alpha,
      @Default("{}") MergingRule rule,
      @Doc("AdamW's, as are beta2 and eps") @Default("0.9") double beta1, @Default("0.95") double beta2, @Default("1e-8") double eps,
      @Doc("not applied to norms and biases, nor masked") @Default("0.1") double weightDecay) implements OptimizerConfig {
    public OnlineMerging {
      moments(beta1, beta2, eps);
      notNegative("weight_decay", weightDecay, "0.1");
      if (!(alpha >= 0 && alpha < 1)) {
        throw new IllegalArgumentException("`alpha` must be from 0 to below 1 but was " + alpha + "; 5e-6 is the paper's best");
      }
      if (base.equals(sft)) {
        throw new IllegalArgumentException("`base` and `sft` are both \"" + base + "\", so that there is nothing to merge with; `base` is the model before"
            + " fine-tuning");
      }
    }

    @Override public Optimizer over(Trained trained, double peak) {
      throw new IllegalArgumentException("online-merging needs the models that it merges with");
    }

    @Override public Optimizer over(Trained trained, double peak, long seed, Artifacts known) {
      var options = new org.jtorch.optim.OnlineMerging.Options(alpha, rule.rule(seed), new org.jtorch.optim.AdamW.Options(beta1, beta2, eps));
      try (var tuned = Pretrained.open(known.model(sft).folder()); var before = Pretrained.open(known.model(base).folder())) {
        return org.jtorch.optim.OnlineMerging.over(groups(trained, weightDecay, null),
            org.jtorch.optim.OnlineMerging.taskVector(trained.model(), tuned, before), options);
      }
    }

    @Override public List<String> problems(Artifact.Model from, @Nullable Long steps, Artifacts known) {
      var problems = new ArrayList<String>();
      fits("base", base, from, known, problems);
      fits("sft", sft, from, known, problems);
      if (steps != null && steps * alpha >= 1) {
        problems.add("`optimizer.alpha` " + alpha + " over " + steps + " steps adds all of what fine-tuning had added once more; take one far below "
            + Units.figure(1.0 / steps) + ", e.g. 5e-6");
      }
      return problems;
    }

    private static void fits(String key, Reference model, Artifact.Model from, Artifacts known, List<String> problems) {
      try {
        var other = known.model(model).shape();
        if (other.parameterCount() != from.shape().parameterCount() || other.dim() != from.shape().dim()) {
          problems.add("`optimizer." + key + "` is a model of another shape: " + other.parameterCount() + " parameters of width " + other.dim()
              + " where the stage's has " + from.shape().parameterCount() + " of width " + from.shape().dim());
        }
      } catch (IllegalArgumentException | DataException e) {
        problems.add("`optimizer." + key + "` " + e.getMessage());
      }
    }
  }

  /// What stays of an update and of what is merged with it.
  @DefaultType("ondare")
  sealed interface MergingRule {
    /// @param seed the stage's
    org.jtorch.optim.OnlineMerging.Rule rule(long seed);

    /// Each entry with a probability, without scaling what stays.
    @Named("ondare")
    record OnDare(@Doc("probability that an entry of an update stays") @Default("0.5") double keep) implements MergingRule {
      public OnDare {
        var _ = new org.jtorch.optim.OnlineMerging.OnDare(keep, 0);
      }

      @Override public org.jtorch.optim.OnlineMerging.Rule rule(long seed) {
        return new org.jtorch.optim.OnlineMerging.OnDare(keep, seed);
      }
    }

    /// The largest entries, where they do not pull apart.
    @Named("onties")
    record OnTies(@Doc("share of an update's entries that stay, the largest") @Default("0.5") double keep) implements MergingRule {
      public OnTies {
        var _ = new org.jtorch.optim.OnlineMerging.OnTies(keep);
      }

      @Override public org.jtorch.optim.OnlineMerging.Rule rule(long seed) {
        return new org.jtorch.optim.OnlineMerging.OnTies(keep);
      }
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
