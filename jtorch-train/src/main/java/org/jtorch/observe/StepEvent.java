package org.jtorch.observe;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// One optimizer step.
///
/// @param step its number, counted from 1
/// @param tokens tokens trained on in this step
/// @param seconds wall time of this step
/// @param skipped true where the update was left out (gradient not finite)
/// @param liveTensors tensors alive after the step
/// @param nativeObjects native objects the bridge holds after the step
/// @param residentBytes resident memory of the process
/// @param deviceBytes the most that tensors have held on the device so far; 0 on the CPU
/// @param figures what this trainer reports besides, by name in snake case: `aux_loss`, `reward`, `kl`; may be empty
public record StepEvent(
    long step,
    long totalSteps,
    double loss,
    double gradNorm,
    double learningRate,
    long tokens,
    double seconds,
    boolean skipped,
    long liveTensors,
    long nativeObjects,
    long residentBytes,
    @JsonInclude(JsonInclude.Include.NON_DEFAULT) long deviceBytes,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) @JsonDeserialize(as = LinkedHashMap.class) SequencedMap<String, Double> figures) {

  public StepEvent {
    figures = Figures.copyOf(figures);
  }

  /// A step on the CPU without further figures.
  public StepEvent(long step, long totalSteps, double loss, double gradNorm, double learningRate, long tokens, double seconds,
      boolean skipped, long liveTensors, long nativeObjects, long residentBytes) {
    this(step, totalSteps, loss, gradNorm, learningRate, tokens, seconds, skipped, liveTensors, nativeObjects, residentBytes, 0,
        Collections.emptyNavigableMap());
  }

  /// Tokens per second of this step alone; 0 where it took no measurable time.
  public double tokensPerSecond() {
    return seconds > 0 ? tokens / seconds : 0;
  }
}
