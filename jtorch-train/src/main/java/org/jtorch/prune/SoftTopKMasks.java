package org.jtorch.prune;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.SequencedMap;
import org.jtorch.decoder.Decoder;
import org.jtorch.tensor.Tensor;

/// Masks by [SoftTopK], AFM's choice (arXiv:2407.21075, section 3.2): every layer's mask adds to the schedule's target by construction, so
/// nothing else holds it. Scores begin at 0, where all neurons of a layer are alike.
public final class SoftTopKMasks extends LearnedMasks {
  private SoftTopKMasks(Decoder model, MaskSchedule schedule) {
    super(model, schedule, "scores", 0);
  }

  /// Puts masks on a model.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static SoftTopKMasks on(Decoder model, MaskSchedule schedule) {
    var masks = new SoftTopKMasks(model, schedule);
    masks.begin(model);
    return masks;
  }

  @Override public Tensor draw(long step) {
    return new SoftTopK(schedule().target(step), schedule().epsilon(step)).apply(scores());
  }

  @Override public Tensor settled(long step) {
    return draw(step);
  }

  @Override public SequencedMap<String, Double> figures(long step) {
    var figures = super.figures(step);
    figures.put("mask_epsilon", schedule().epsilon(step));
    return figures;
  }
}
