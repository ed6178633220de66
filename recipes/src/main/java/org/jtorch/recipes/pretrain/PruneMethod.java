package org.jtorch.recipes.pretrain;

import com.google.errorprone.annotations.MustBeClosed;
import org.jtorch.decoder.Decoder;
import org.jtorch.prune.HardConcreteMasks;
import org.jtorch.prune.LearnedMasks;
import org.jtorch.prune.MaskSchedule;
import org.jtorch.prune.NeuronScores;
import org.jtorch.prune.SoftTopKMasks;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.DefaultType;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// How the neurons that stay are chosen; AFM's soft top-k where a recipe names no type.
@DefaultType("soft_top_k")
public sealed interface PruneMethod {
  /// By masks that are learned over the steps of `train`.
  sealed interface Learned extends PruneMethod {
    /// Of the masks, at the peak of `train.schedule`.
    double maskLearningRate();

    /// Whether the model's weights learn along.
    boolean learnWeights();

    /// How the masks tighten.
    ///
    /// @param width neurons of a layer before
    /// @param hidden neurons of a layer that stay
    MaskSchedule schedule(long steps, int width, int hidden);

    /// Puts masks on a model.
    @MustBeClosed
    LearnedMasks on(Decoder model, MaskSchedule schedule, long seed);
  }

  /// By scores of the weights as they are; nothing is trained.
  sealed interface Scored extends PruneMethod {
    /// `[L, F]`
    Tensor scores(Decoder model, long seed);
  }

  /// AFM's: every layer's mask adds to its target by construction, and its softness falls.
  @Named("soft_top_k")
  record SoftTopK(
      @Doc("of the scores, at the schedule's peak") @Default("0.2") double maskLearningRate,
      @Doc("part of the steps over which the target falls to `hidden`") @Default("0.2") double warmup,
      @Doc("softness of the first step") @Default("1") double epsilonStart,
      @Doc("softness at the end") @Default("0.05") double epsilonEnd,
      @Doc("false: only the masks learn") @Default("true") boolean learnWeights) implements Learned {
    public SoftTopK {
      rate("mask_learning_rate", maskLearningRate, "0.2");
      var _ = new MaskSchedule(1, 1, 1, warmup, epsilonStart, epsilonEnd);           // its checks
    }

    @Override public MaskSchedule schedule(long steps, int width, int hidden) {
      return new MaskSchedule(steps, width, hidden, warmup, epsilonStart, epsilonEnd);
    }

    @MustBeClosed
    @Override public LearnedMasks on(Decoder model, MaskSchedule schedule, long seed) {
      return SoftTopKMasks.on(model, schedule);
    }
  }

  /// Sheared LLaMA's: masks that are 0 or 1 by chance, held at their target by a Lagrangian.
  @Named("hard_concrete")
  record HardConcrete(
      @Doc("of the masks, at the schedule's peak; the paper's is 1") @Default("0.5") double maskLearningRate,
      @Doc("of the Lagrangian's multipliers, in shares of a layer's width") @Default("0.3") double multiplierRate,
      @Doc("part of the steps over which the target falls to `hidden`") @Default("0.2") double warmup,
      @Doc("false: only the masks learn") @Default("true") boolean learnWeights) implements Learned {
    public HardConcrete {
      rate("mask_learning_rate", maskLearningRate, "0.5");
      rate("multiplier_rate", multiplierRate, "0.3");
      var _ = new MaskSchedule(1, 1, 1, warmup, 1, 1);                               // its checks
    }

    @Override public MaskSchedule schedule(long steps, int width, int hidden) {
      return new MaskSchedule(steps, width, hidden, warmup, MaskSchedule.EPSILON_START, MaskSchedule.EPSILON_END);
    }

    @MustBeClosed
    @Override public LearnedMasks on(Decoder model, MaskSchedule schedule, long seed) {
      var options = new HardConcreteMasks.Options(org.jtorch.prune.HardConcrete.DEFAULT, multiplierRate, seed);
      return HardConcreteMasks.on(model, schedule, options);
    }
  }

  /// The neurons with the largest weights.
  record Magnitude() implements Scored {
    @Override public Tensor scores(Decoder model, long seed) {
      return NeuronScores.magnitude(model);
    }
  }

  /// Neurons by chance: what anything better must beat.
  record Random() implements Scored {
    @Override public Tensor scores(Decoder model, long seed) {
      return NeuronScores.random(model, Rng.of(seed));
    }
  }

  private static void rate(String key, double value, String usual) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`" + key + "` must be above 0 but was " + value + "; " + usual + " is usual");
    }
  }
}
