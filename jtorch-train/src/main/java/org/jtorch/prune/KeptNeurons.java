package org.jtorch.prune;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Which neurons of each layer stay, the same number in all, and what their activations are multiplied by.
public final class KeptNeurons {
  private final int width;
  private final long[][] neurons;
  private final float[][] factors;

  private KeptNeurons(int width, long[][] neurons, float[][] factors) {
    this.width = width;
    this.neurons = neurons;
    this.factors = factors;
  }

  /// The k best of each layer, as they are. scores `[L, F]`
  public static KeptNeurons top(Tensor scores, int k) {
    return top(scores, Ops.ones(DType.F32, scores.device(), scores.shape()), k);
  }

  /// The k best of each layer, multiplied by their masks; of equal scores the first. scores and z `[L, F]`
  ///
  /// @throws IllegalArgumentException if a score is not a number, or k is out of range
  public static KeptNeurons top(Tensor scores, Tensor z, int k) {
    int layers = (int) scores.size(0);
    int width = (int) scores.size(1);
    Require.that(k >= 1 && k <= width, "hidden", k, "from 1 to the width of the feed-forward layers (" + width + ")",
        Integer.toString(Math.max(1, width / 3)));
    float[] ranked = floats(scores);
    float[] masks = floats(z);
    var neurons = new long[layers][];
    var factors = new float[layers][k];
    for (int l = 0; l < layers; l++) {
      neurons[l] = best(Arrays.copyOfRange(ranked, l * width, (l + 1) * width), k, l);
      for (int i = 0; i < k; i++) {
        factors[l][i] = masks[l * width + (int) neurons[l][i]];
      }
    }
    return new KeptNeurons(width, neurons, factors);
  }

  private static float[] floats(Tensor t) {
    return t.detach().to(Device.CPU, DType.F32).contiguous().toFloats();
  }

  private static long[] best(float[] scores, int k, int layer) {
    for (float s : scores) {
      if (Float.isNaN(s)) {
        throw new IllegalArgumentException("a score of layer " + layer + " is not a number: the masks' training has diverged; lower its "
            + "learning rate");
      }
    }
    return IntStream.range(0, scores.length).boxed().sorted(Comparator.comparingDouble(j -> -scores[j])).limit(k)
        .mapToLong(Integer::longValue).sorted().toArray();
  }

  public int layers() {
    return neurons.length;
  }

  /// Neurons of a layer before, F.
  public int width() {
    return width;
  }

  /// Neurons of a layer that stay, k.
  public int kept() {
    return neurons[0].length;
  }

  /// Those of a layer, ascending. `[k]`
  public long[] neurons(int layer) {
    return neurons[layer].clone();
  }

  /// What each of [#neurons] is multiplied by. `[k]`
  public float[] factors(int layer) {
    return factors[layer].clone();
  }

  /// As masks for [NeuronMasks#set]: 0 for those that go. float32 `[L, F]`
  public Tensor masks(Device device) {
    var values = new float[layers() * width];
    for (int l = 0; l < layers(); l++) {
      for (int i = 0; i < kept(); i++) {
        values[l * width + (int) neurons[l][i]] = factors[l][i];
      }
    }
    return Ops.of(values, device, layers(), width);
  }
}
