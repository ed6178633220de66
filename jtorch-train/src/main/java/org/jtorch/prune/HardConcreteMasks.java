package org.jtorch.prune;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.SequencedMap;
import org.jtorch.decoder.Decoder;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Masks by [HardConcrete], whose expected number of open neurons a [Lagrangian] holds at the schedule's target in every layer (Sheared
/// LLaMA, arXiv:2310.06694). The constraint is on shares of the width: `c = ΣP(z > 0) / F − target / F`.
///
/// The masks of a step are a function of seed and step: a resumed run draws what an uninterrupted one would.
public final class HardConcreteMasks extends LearnedMasks {
  /// Where log α begins: 97 of 100 neurons are open.
  public static final double START = 2;

  private final HardConcrete distribution;
  private final Lagrangian lagrangian;
  private final Options options;

  /// @param distribution of each mask
  /// @param multiplierRate of the multipliers' ascent; the masks' learning rate is the optimizer's
  /// @param seed of the masks that are drawn
  public record Options(HardConcrete distribution, double multiplierRate, long seed) {
    public static final Options DEFAULT = new Options(HardConcrete.DEFAULT, 0.3, 0);

    public Options {
      Require.that(multiplierRate > 0 && multiplierRate < Double.POSITIVE_INFINITY, "multiplier_rate", multiplierRate, "above 0", "0.3");
    }
  }

  private HardConcreteMasks(Decoder model, MaskSchedule schedule, Options options) {
    super(model, schedule, "log_alpha", START);
    this.options = options;
    this.distribution = options.distribution();
    this.lagrangian = child("lagrangian", new Lagrangian(neurons().layers()));
  }

  /// Puts masks on a model.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static HardConcreteMasks on(Decoder model, MaskSchedule schedule, Options options) {
    var masks = new HardConcreteMasks(model, schedule, options);
    masks.begin(model);
    return masks;
  }

  @Override public Tensor draw(long step) {
    return distribution.sample(scores(), Rng.at(options.seed(), step));
  }

  @Override public Tensor settled(long step) {
    return distribution.deterministic(scores());
  }

  @Override public void learn(Tensor z, long step, double share) {
    super.learn(z, step, share);
    lagrangian.penalty(excess(step)).mul(share).backward();
  }

  @Override public void ascend(long step) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      lagrangian.ascend(excess(step), options.multiplierRate());
    }
  }

  /// By how much the expected share of open neurons exceeds the target's. `[L]`
  private Tensor excess(long step) {
    return distribution.open(scores()).mean(1, false).sub(schedule().target(step) / schedule().width());
  }

  @Override public SequencedMap<String, Double> figures(long step) {
    var figures = super.figures(step);
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      figures.put("mask_expected", distribution.open(scores()).sum().item() / neurons().layers());
      figures.put("mask_lambda", lagrangian.multipliers().getFirst().mean().item());
      figures.put("mask_phi", lagrangian.multipliers().getLast().mean().item());
    }
    return figures;
  }
}
