package org.jtorch.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jtorch.data.BatchSource;
import org.jtorch.io.JsonFile;
import org.jtorch.nn.Weight;
import org.jtorch.optim.Ema;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// What a checkpoint keeps of a part of a run beside the model: its tensors and its facts, each under a name that says what
/// it is, so that the part finds them again whatever the order of things is then.
///
/// A [Checkpoint] writes the tensors from where they lie and restores them into the same memory, to the bit.
public interface Saved {
  /// The tensors themselves, or views of them in the innermost scope: a restore writes into these.
  default SequencedMap<String, Tensor> tensors() {
    return new LinkedHashMap<>();
  }

  /// Everything that is no tensor. Empty if there is nothing to say.
  default ObjectNode facts() {
    return JsonNodeFactory.instance.objectNode();
  }

  /// Takes the facts back; called when the tensors are restored.
  ///
  /// @param facts what [#facts] said
  /// @throws IllegalArgumentException if the run cannot go on with them, with what to do about it
  default void restore(JsonFile facts) {}

  /// An optimizer's state under the names of the weights: `model.norm.weight.exp_avg`. The grouping and the order of the
  /// parameters may be others when the run goes on.
  ///
  /// @param weights names for all parameters of the optimizer: those of the model, of an adapter, of a head
  static Saved of(Optimizer optimizer, SequencedMap<String, Weight> weights) {
    return new OptimizerState(optimizer, weights);
  }

  /// Averages of weights under the weights' names.
  static Saved of(Ema ema, SequencedMap<String, Weight> weights) {
    return new EmaState(ema, weights);
  }

  /// Weights that are in no model folder: a value head, a reward model that trains along.
  static Saved of(SequencedMap<String, Weight> weights) {
    return new WeightState(weights);
  }

  /// A stream of random numbers, of sampling or of an adapter's dropout: its seed and how far it is.
  static Saved of(Rng rng) {
    return new RngState(rng);
  }

  /// The order of the data, which must be the same when the run goes on; the step says how far it is.
  static Saved of(BatchSource<?> batches) {
    return new DataOrder(batches);
  }
}
