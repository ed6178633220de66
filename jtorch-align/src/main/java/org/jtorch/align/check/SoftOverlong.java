package org.jtorch.align.check;

import java.util.List;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Reward;

/// DAPO's soft overlong punishment (arXiv:2503.14476, section 3.4, equation 13): 0 up to `L_max - L_cache` tokens, then falling evenly to
/// -1 at `L_max`, and -1 beyond.
///
/// @param most tokens, `L_max`
/// @param cache tokens over which it falls, `L_cache`
public record SoftOverlong(int most, int cache) implements Reward {
  public SoftOverlong {
    if (cache < 1 || most < cache) {
      throw new IllegalArgumentException("`cache` must be from 1 to `most` (" + most + ") but was " + cache + "; a fifth of `most` is usual");
    }
  }

  @Override public double[] of(List<Answer> answers) {
    return Judging.each(answers, a -> Math.clamp((double) (most - cache - a.length()) / cache, -1, 0) + 0.0);
  }
}
