package org.jtorch.observe;

/// One optimizer step.
///
/// @param step its number, counted from 1
/// @param tokens tokens trained on in this step
/// @param seconds wall time of this step
/// @param skipped true where the update was left out (gradient not finite)
/// @param liveTensors tensors alive after the step
/// @param nativeObjects native objects the bridge holds after the step
/// @param residentBytes resident memory of the process
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
    long residentBytes) {

  /// Tokens per second of this step alone; 0 where it took no measurable time.
  public double tokensPerSecond() {
    return seconds > 0 ? tokens / seconds : 0;
  }
}
