package org.jtorch.align.committee;

import java.util.List;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.sampling.SampleFiles;

/// One of the models that answer.
///
/// @param name in tables and manifests
public record Member(String name, Answering answering) {
  /// Has a model answer and be judged: a [org.jtorch.align.sampling.RejectionSampling] with that model. It is opened for this and closed
  /// after it, so that one model at a time is in memory.
  @FunctionalInterface
  public interface Answering {
    /// Goes on behind what is in the files.
    ///
    /// @return false if it was asked to stop before the end
    boolean answer(List<Prompt> prompts, SampleFiles files);
  }
}
