package org.jtorch.recipes.align;

import org.jtorch.align.preference.PreferenceLoss;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.DefaultType;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;

/// What pairs of answers are judged by; DPO where a recipe names no type.
@DefaultType("dpo")
public sealed interface LossConfig {
  PreferenceLoss loss();

  /// DPO, arXiv:2305.18290.
  @Named("dpo")
  record Dpo(@Default("0.1") double beta, @Doc("how many labels may be wrong") @Default("0") double labelSmoothing) implements LossConfig {
    public Dpo {
      var _ = new org.jtorch.align.preference.Dpo(beta, labelSmoothing);
    }

    @Override public PreferenceLoss loss() {
      return new org.jtorch.align.preference.Dpo(beta, labelSmoothing);
    }
  }

  /// DPO that is unbiased if so many labels are wrong, arXiv:2403.00409.
  @Named("robust")
  record Robust(@Default("0.1") double beta, @Default("0.1") double labelSmoothing) implements LossConfig {
    public Robust {
      var _ = new org.jtorch.align.preference.RobustDpo(beta, labelSmoothing);
    }

    @Override public PreferenceLoss loss() {
      return new org.jtorch.align.preference.RobustDpo(beta, labelSmoothing);
    }
  }

  /// IPO, arXiv:2310.12036.
  @Named("ipo")
  record Ipo(@Default("0.1") double tau, @Doc("log-ratios per token") @Default("true") boolean lengthNormalize) implements LossConfig {
    public Ipo {
      var _ = new org.jtorch.align.preference.Ipo(tau, lengthNormalize);
    }

    @Override public PreferenceLoss loss() {
      return new org.jtorch.align.preference.Ipo(tau, lengthNormalize);
    }
  }

  /// The hinge loss, arXiv:2309.06657.
  @Named("hinge")
  record Hinge(@Default("0.1") double beta) implements LossConfig {
    public Hinge {
      var _ = new org.jtorch.align.preference.Hinge(beta);
    }

    @Override public PreferenceLoss loss() {
      return new org.jtorch.align.preference.Hinge(beta);
    }
  }

  /// SimPO, without a reference, arXiv:2405.14734.
  @Named("simpo")
  record SimPo(@Default("2") double beta, @Default("1") double gamma) implements LossConfig {
    public SimPo {
      var _ = new org.jtorch.align.preference.SimPo(beta, gamma);
    }

    @Override public PreferenceLoss loss() {
      return new org.jtorch.align.preference.SimPo(beta, gamma);
    }
  }

  /// ORPO, without a reference, with the likelihood of the chosen answers, arXiv:2403.07691.
  @Named("orpo")
  record Orpo(@Default("0.1") double lambda) implements LossConfig {
    public Orpo {
      var _ = new org.jtorch.align.preference.Orpo(lambda);
    }

    @Override public PreferenceLoss loss() {
      return new org.jtorch.align.preference.Orpo(lambda);
    }
  }
}
