package org.jtorch.optim;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Function;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.ranks.Ranks;

/// Changes parameters by their gradients, and owns what it must remember between steps.
///
/// ```java
/// try (var optimizer = AdamW.over(ParameterGroups.byRank(model.parameters(), 0.1), AdamW.Options.DEFAULT)) {
///   for (var micro : microBatches) {
///     loss(model, micro).backward();
///     optimizer.accumulate();                                   // may be left out after the last one
///   }
///   double norm = optimizer.clipAndStep(3e-4 * schedule.at(step), 1.0);
/// }
/// ```
///
/// Gradients are those of the parameters and what [#accumulate] took from them. A step uses them up. Parameters
/// without a gradient stay as they are. The optimizer must not outlive the model.
public interface Optimizer extends AutoCloseable {
  /// One step with the gradients times `scale`; then drops them.
  void step(double learningRate, double scale);

  /// One step with the gradients as they are; then drops them.
  default void step(double learningRate) {
    step(learningRate, 1);
  }

  /// One step with gradients whose global norm is at most `maxNorm`, as `torch.nn.utils.clip_grad_norm_` clips.
  ///
  /// @param maxNorm above 0; infinite: no clipping
  /// @return the norm before clipping; if it is not finite, no step was made and the gradients are still there
  @CanIgnoreReturnValue
  default double clipAndStep(double learningRate, double maxNorm) {
    double norm = gradNorm();
    if (Double.isFinite(norm)) {
      step(learningRate, GradClip.coefficient(norm, maxNorm));
    }
    return norm;
  }

  /// Adds the gradients of half-precision parameters to float32 sums and drops them, after a micro-batch.
  /// Does nothing for float32 parameters: autograd sums those.
  void accumulate();

  /// Replaces all gradients by their sums over the ranks, accumulated ones included, in float32; after the last
  /// micro-batch and before [#gradNorm]. Parameters that no rank has a gradient for stay without one.
  void sum(Ranks ranks);

  /// The L2 norm of all gradients together, accumulated ones included. Waits for the device.
  double gradNorm();

  /// Drops all gradients, accumulated ones included.
  void zeroGrad();

  /// What it optimizes, in the order of the groups.
  List<Parameter> parameters();

  /// What must be saved to go on to the bit: the tensors themselves, under `<index in #parameters>.<name>`.
  SequencedMap<String, Tensor> state();

  /// Copies saved state into this optimizer, and drops all gradients.
  ///
  /// @param source the saved tensor of a name of [#state]; throws if it has none
  /// @throws org.jtorch.io.DataException if a tensor has another shape or type
  void load(Function<String, Tensor> source);

  /// Frees the state; the parameters live on.
  @Override void close();
}
