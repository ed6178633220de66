package org.jtorch.attention;

/// How rotary frequencies are stretched for contexts longer than the model was trained on (arXiv:2306.15595, 2309.00071).
public sealed interface RopeScaling {
  RopeScaling NONE = new None();

  /// `base^(−2i/D)`, scaled. `[D/2]`
  double[] inverseFrequencies(double base, int headDim, long length);

  /// What cosines and sines are multiplied by; 1 except for YaRN.
  default double attentionFactor() {
    return 1;
  }

  private static double[] plain(double base, int headDim) {
    var f = new double[headDim / 2];
    for (int i = 0; i < f.length; i++) {
      f[i] = Math.pow(base, -2.0 * i / headDim);
    }
    return f;
  }

  record None() implements RopeScaling {
    @Override public double[] inverseFrequencies(double base, int headDim, long length) {
      return plain(base, headDim);
    }
  }

  /// Every frequency divided by `factor`.
  record Linear(double factor) implements RopeScaling {
    public Linear {
      positive("factor", factor);
    }

    @Override public double[] inverseFrequencies(double base, int headDim, long length) {
      double[] f = plain(base, headDim);
      for (int i = 0; i < f.length; i++) {
        f[i] /= factor;
      }
      return f;
    }
  }

  /// The base grows with the length once it exceeds `trained`: `base · (s·len/trained − (s − 1))^(D/(D−2))`.
  record Dynamic(double factor, long trained) implements RopeScaling {
    public Dynamic {
      positive("factor", factor);
      atLeastOne("max_position_embeddings", trained);
    }

    @Override public double[] inverseFrequencies(double base, int headDim, long length) {
      requireWidth(headDim);
      double len = Math.max(length, trained);
      double stretched = base * Math.pow(factor * len / trained - (factor - 1), headDim / (headDim - 2.0));
      return plain(stretched, headDim);
    }

    /// The exponent D/(D−2) needs more than one pair.
    static void requireWidth(int headDim) {
      if (headDim < 4) {
        throw new IllegalArgumentException("dynamic rotary scaling needs a `head_dim` >= 4 but it was " + headDim
            + "; choose another `rope_type`, linear for example");
      }
    }
  }

  /// Llama 3.1: long wavelengths are divided by `factor`, short ones kept, those between blended.
  record Llama3(double factor, double lowFreqFactor, double highFreqFactor, long trained) implements RopeScaling {
    public Llama3 {
      positive("factor", factor);
      positive("low_freq_factor", lowFreqFactor);
      atLeastOne("original_max_position_embeddings", trained);
      if (!(highFreqFactor > lowFreqFactor)) {
        throw new IllegalArgumentException("`high_freq_factor` (" + highFreqFactor + ") must be > `low_freq_factor` (" + lowFreqFactor + ")");
      }
    }

    @Override public double[] inverseFrequencies(double base, int headDim, long length) {
      double[] f = plain(base, headDim);
      for (int i = 0; i < f.length; i++) {
        double wavelength = 2 * Math.PI / f[i];
        if (wavelength > trained / lowFreqFactor) {
          f[i] /= factor;
        } else if (wavelength >= trained / highFreqFactor) {
          double smooth = (trained / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
          f[i] = (1 - smooth) * f[i] / factor + smooth * f[i];
        }
      }
      return f;
    }
  }

  /// YaRN (Peng et al. 2023, arXiv:2309.00071): fast rotations kept, slow ones interpolated, attention sharpened.
  ///
  /// @param truncate round the ramp's ends to whole dimensions, as most checkpoints do
  record Yarn(double factor, long trained, double betaFast, double betaSlow, boolean truncate, double attentionFactor)
      implements RopeScaling {
    public Yarn {
      positive("factor", factor);
      positive("beta_slow", betaSlow);
      positive("attention_factor", attentionFactor);
      atLeastOne("original_max_position_embeddings", trained);
      if (!(betaFast > betaSlow)) {
        throw new IllegalArgumentException("`beta_fast` (" + betaFast + ") must be > `beta_slow` (" + betaSlow + "); 32 and 1 are usual");
      }
    }

    /// The paper's `0.1 ln s + 1`.
    public static double defaultAttentionFactor(double factor) {
      return attentionFactor(factor, 1);
    }

    /// `0.1 m ln s + 1`; 1 where nothing is stretched.
    public static double attentionFactor(double factor, double weight) {
      return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
    }

    @Override public double[] inverseFrequencies(double base, int headDim, long length) {
      double low = dimension(betaFast, base, headDim);
      double high = dimension(betaSlow, base, headDim);
      low = Math.max(truncate ? Math.floor(low) : low, 0);
      high = Math.min(truncate ? Math.ceil(high) : high, headDim - 1);
      if (low == high) {
        high += 0.001;
      }
      double[] f = plain(base, headDim);
      for (int i = 0; i < f.length; i++) {
        double ramp = Math.clamp((i - low) / (high - low), 0, 1);
        f[i] = f[i] * (1 - ramp) + f[i] / factor * ramp;
      }
      return f;
    }

    private double dimension(double rotations, double base, int headDim) {
      return headDim * Math.log(trained / (rotations * 2 * Math.PI)) / (2 * Math.log(base));
    }
  }

  private static void atLeastOne(String key, long value) {
    if (value < 1) {
      throw new IllegalArgumentException("`" + key + "` must be >= 1 but was " + value);
    }
  }

  private static void positive(String key, double value) {
    if (!(value > 0)) {
      throw new IllegalArgumentException("`" + key + "` must be > 0 but was " + value);
    }
  }
}
