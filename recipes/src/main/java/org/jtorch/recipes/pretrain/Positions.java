package org.jtorch.recipes.pretrain;

import org.jspecify.annotations.Nullable;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.longcontext.Rung;
import org.jtorch.recipes.config.Doc;

/// What becomes of the positions of a model that training goes on from: a longer context, another rotary base or scaling.
public record Positions(
    @Doc("base of the rotary frequencies; unless given as the model has it") @Nullable Double ropeTheta,
    @Doc("how rotary frequencies are stretched; unless given as the model has it") @Nullable ScalingConfig scaling,
    @Doc("the longest row from here on; unless given as the model has it") @Nullable Integer maxPositions) {
  public Positions {
    if (ropeTheta != null && !(ropeTheta > 1)) {
      throw new IllegalArgumentException("`rope_theta` must be > 1 but was " + ropeTheta + "; Qwen 2 goes from 10000 to 1000000");
    }
    if (maxPositions != null && maxPositions < 2) {
      throw new IllegalArgumentException("`max_positions` must be >= 2 but was " + maxPositions + "; e.g. 32768");
    }
  }

  /// The way in which rotary frequencies are stretched.
  public sealed interface ScalingConfig {
    /// @param trained the longest row of the model so far
    RopeScaling over(int trained);

    /// As they are.
    record None() implements ScalingConfig {
      @Override public RopeScaling over(int trained) {
        return RopeScaling.NONE;
      }
    }

    /// Every frequency divided by the factor (arXiv:2306.15595).
    record Linear(double factor) implements ScalingConfig {
      @Override public RopeScaling over(int trained) {
        return new RopeScaling.Linear(factor);
      }
    }

    /// YaRN (arXiv:2309.00071), with the paper's 32, 1 and 0.1 ln s + 1.
    record Yarn(double factor, @Doc("the longest row that the model was trained on; unless given its max_positions") @Nullable Integer trained)
        implements ScalingConfig {
      @Override public RopeScaling over(int positions) {
        return new RopeScaling.Yarn(factor, trained == null ? positions : trained, 32, 1, true, RopeScaling.Yarn.defaultAttentionFactor(factor));
      }
    }

    /// Llama 3.1's, with its low factor 1 and high factor 4.
    record Llama3(double factor, @Doc("the longest row that the model was trained on; unless given its max_positions") @Nullable Integer trained)
        implements ScalingConfig {
      @Override public RopeScaling over(int positions) {
        return new RopeScaling.Llama3(factor, 1, 4, trained == null ? positions : trained);
      }
    }
  }

  /// A model's shape with these positions.
  ///
  /// @throws IllegalArgumentException if a layer has no rotary positions to change
  public DecoderConfig of(DecoderConfig shape) {
    int trained = shape.maxPositions();
    var rung = new Rung(maxPositions == null ? trained : maxPositions, ropeTheta, scaling == null ? null : scaling.over(trained));
    return rung.of(shape);
  }
}
