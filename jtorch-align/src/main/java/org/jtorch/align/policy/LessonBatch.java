package org.jtorch.align.policy;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.jtorch.data.Collator;
import org.jtorch.loss.Tokens;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Tensor;
import org.jtorch.train.BatchTensors;

/// Lessons as one batch.
record LessonBatch(List<Lesson> lessons, AnswerLayout layout) {
  /// @param branches whether the models may read rows with several answers
  static LessonBatch of(List<Lesson> lessons, Collator collator, boolean branches) {
    return new LessonBatch(lessons, AnswerLayout.of(lessons.stream().map(l -> l.experience().answer()).toList(), collator, branches));
  }

  BatchTensors input(Device device) {
    return layout.input(device);
  }

  /// The answers' tokens as targets of a loss, by so many answers.
  Tokens tokens(Totals totals) {
    return Tokens.of(layout.rows().targets()).withScale(1 / totals.answers());
  }

  /// @param logps of all positions, with gradients, `[rows * T]`
  /// @param once true if the policy makes one step from these answers: then the policy that answered is the one that learns, to the bit
  PolicyScores scores(Tensor logps, boolean once) {
    Tensor now = layout.answers(logps);
    Tensor old = once ? now.detach() : spread(l -> l.experience().old(), now);
    boolean referenced = lessons.getFirst().experience().reference().length > 0;
    @Nullable Tensor reference = referenced ? spread(l -> l.experience().reference(), now) : null;
    return new PolicyScores(now, old, reference, spread(Lesson::advantages, now), mask(now));
  }

  /// 1 at each token of an answer, else 0, in the place and type of `like`. `[n, width]`
  Tensor mask(Tensor like) {
    return layout.mask(like.device()).to(like.dtype());
  }

  /// A number for each token of each answer, in the place and type of `like`. `[n, width]`
  Tensor spread(Function<Lesson, float[]> values, Tensor like) {
    return layout.spread(lessons.stream().map(values).toList(), like.device()).to(like.dtype());
  }

  /// The largest difference of a token's log-probability between the sampler and the policy that learns.
  double samplerGap(PolicyScores scores) {
    Tensor sampled = spread(l -> l.experience().answer().generation().drawnLogProbs(), scores.mask());
    return scores.logps().detach().sub(sampled).mul(scores.mask()).abs().max().item();
  }
}
