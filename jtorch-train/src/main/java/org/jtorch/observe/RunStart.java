package org.jtorch.observe;

/// A run (or its continuation after a stop) begins.
///
/// @param totalSteps the step the run ends at
/// @param startStep steps already done: 0 for a fresh run, the checkpoint's step for a resumed one
/// @param parameters trainable parameters
/// @param flopsPerToken floating point operations to train on one token, forward and backward
/// @param peakFlops measured peak of matrix products on this device in operations per second, 0 if unknown
public record RunStart(
    String name, long totalSteps, long startStep, long parameters, double flopsPerToken, double peakFlops) {

  /// The part of the device's measured matrix-product peak that a rate of tokens uses; NaN where it is unknown.
  public double peakFraction(double tokensPerSecond) {
    return peakFlops > 0 && flopsPerToken > 0 ? tokensPerSecond * flopsPerToken / peakFlops : Double.NaN;
  }
}
