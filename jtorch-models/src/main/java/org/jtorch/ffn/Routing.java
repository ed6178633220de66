package org.jtorch.ffn;

import java.util.Arrays;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// What the routers of one forward chose, and the loss that balances their experts (arXiv:2101.03961, eq. 4).
///
/// Pooled over all expert layers and all real tokens, R rows in all: with `f_e` the choices of expert e over R and `P_e` the
/// mean of its probability, `aux = E Σ f_e P_e`. Perfect balance gives k (each of the k choices of a token counts), collapse
/// on k experts gives E. The gradient flows through P only.
///
/// To train with it by autograd, add `coefficient · auxLoss()` to the loss. On a tape call [#trainWith] after the
/// forward and before the backward: the routers' entries then add the gradient `coefficient · E f_e / R` of each
/// probability by hand. Under activation checkpointing the same holds: the recomputation records nothing again.
///
/// ```java
/// var routing = new Routing(tape.scope());
/// var hidden = model.hidden(ids, Pass.training(tape).withRouting(routing), null);
/// routing.trainWith(0.001);
/// tape.backward(loss(hidden));
/// double aux = routing.auxLoss().item();
/// ```
///
/// One object serves one forward; it lives in the scope that it was given.
public final class Routing implements Pass.Routing {
  /// One expert layer. logits `[N, E]`, counts and sums `[E]`; the latter keep autograd's graph.
  private record Layer(@Nullable Tensor logits, Tensor counts, Tensor sums) {}

  private final TensorScope home;
  private final @Nullable Tensor real;
  private final boolean keepLogits;
  private final SequencedMap<Integer, Layer> layers = new TreeMap<>();
  private @Nullable Tensor weights;
  private long tokens;
  private double coefficient;

  /// Counts all tokens but padding: what the pass's key mask hides, or its segments say with a negative number.
  public Routing(TensorScope home) {
    this(home, null, false);
  }

  /// @param home where the statistics live: the tape's scope in training
  /// @param real bool `[B, T]`, false for tokens that do not count either; null for all that are no padding
  /// @param keepLogits keep what the routers answered, for [#logits]
  public Routing(TensorScope home, @Nullable Tensor real, boolean keepLogits) {
    this.home = home;
    this.real = real;
    this.keepLogits = keepLogits;
  }

  /// Records a layer from its router's answers alone, to compute the loss without a model.
  ///
  /// @param logits `[N, E]`
  /// @param active how many experts each token chooses
  public void record(int layer, Tensor logits, int active) {
    Tensor p = logits.to(precise(logits)).softmax(1);
    record(layer, logits, p, Ops.topK(p, active).indices(), Pass.EMPTY);
  }

  /// @param p float32 `[N, E]`
  /// @param chosen int64 `[N, k]`
  void record(int layer, Tensor logits, Tensor p, Tensor chosen, Pass pass) {
    if (layers.containsKey(layer)) {
      return;                                                                   // recomputed in a checkpointed backward
    }
    if (layers.isEmpty()) {
      tokens = count(p, pass);
    }
    Tensor counts;
    try (var _ = Grad.off()) {
      Tensor hits = Ops.zerosLike(p).scatterInPlace(1, chosen, Ops.ones(p.dtype(), p.device(), chosen.shape()));
      counts = pool(hits);
    }
    layers.put(layer, new Layer(keepLogits ? home.adopt(logits) : null, home.adopt(counts), home.adopt(pool(p))));
  }

  /// How many tokens are real; makes the weight of each.
  private long count(Tensor p, Pass pass) {
    long n = p.size(0);
    try (var _ = Grad.off()) {
      Tensor mask = both(real, both(visible(pass, n), pass.segments() == null ? null : pass.segments().ge(0)));
      if (mask == null) {
        return n;
      }
      Tensor w = home.adopt(mask.reshape(1, n).to(p.dtype()));
      weights = w;
      return Math.round(w.sum().item());
    }
  }

  private static @Nullable Tensor both(@Nullable Tensor a, @Nullable Tensor b) {
    return a == null ? b : b == null ? a : a.and(b);
  }

  /// The key mask of this forward's own tokens: columns before them belong to the cache, those behind to tokens yet to come. `[B, T]`
  private static @Nullable Tensor visible(Pass pass, long n) {
    Tensor mask = pass.keyMask();
    if (mask == null) {
      return null;
    }
    long t = n / mask.size(0);
    return mask.narrow(1, pass.shared() == null ? mask.size(1) - t : pass.shared().past(), t);
  }

  private Tensor pool(Tensor x) {                                               // [N, E]
    Tensor w = weights;
    return w == null ? x.sum(0, false) : w.matmul(x).view(x.size(1));           // [E]
  }

  /// The balancing loss of everything recorded, not multiplied by a coefficient; a scalar. 0 if no layer has experts.
  public Tensor auxLoss() {
    if (layers.isEmpty()) {
      return Tensor.of(0f).sum();
    }
    return counts().mul(sums()).sum().mul(perRow());
  }

  /// From now on the routers' entries on the tape add the gradient of `factor · auxLoss()`.
  public void trainWith(double factor) {
    coefficient = factor;
  }

  /// Adds the gradient of the loss to that of a layer's probabilities. dp `[N, E]`
  void addGradient(Tensor dp) {
    if (coefficient == 0 || layers.isEmpty() || tokens == 0) {
      return;
    }
    Tensor each = counts().mul(coefficient * perRow());                         // [E]
    Tensor w = weights;
    if (w == null) {
      dp.addInPlace(each);
    } else {
      dp.addcmulInPlace(w.view(-1, 1), each, 1);
    }
  }

  /// E / R², or 0 where there was no token at all.
  private double perRow() {
    double rows = (double) tokens * layers.size();
    return rows == 0 ? 0 : layers.firstEntry().getValue().counts.size(0) / (rows * rows);
  }

  private Tensor counts() {
    return layers.values().stream().map(Layer::counts).reduce(Routing::sameSize).orElseThrow();
  }

  private Tensor sums() {
    return layers.values().stream().map(Layer::sums).reduce(Routing::sameSize).orElseThrow();
  }

  private static Tensor sameSize(Tensor a, Tensor b) {
    if (a.size(0) != b.size(0)) {
      throw new IllegalArgumentException("the balancing loss pools layers with the same number of experts, but one has "
          + a.size(0) + " and another " + b.size(0));
    }
    return a.add(b);
  }

  /// The layers with experts, by their number in the model.
  public int[] layers() {
    return layers.keySet().stream().mapToInt(Integer::intValue).toArray();
  }

  /// What a layer's router answered, before the softmax. `[B * T, E]`
  ///
  /// @throws IllegalArgumentException if the layer has no experts, or logits are not kept
  public Tensor logits(int layer) {
    Tensor logits = layer(layer).logits();
    if (logits == null) {
      throw new IllegalArgumentException("router logits were not kept; make the Routing with keepLogits = true");
    }
    return logits;
  }

  /// The share of a layer's real tokens that chose each expert; the shares add to k. `[E]`
  public double[] load(int layer) {
    return Arrays.stream(layer(layer).counts().toDoubles()).map(c -> c / Math.max(1, tokens)).toArray();
  }

  private Layer layer(int number) {
    var layer = layers.get(number);
    if (layer == null) {
      throw new IllegalArgumentException("layer " + number + " recorded no routing; layers with experts: " + layers.keySet());
    }
    return layer;
  }

  /// The mean over all layers and real tokens of the squared log-sum-exp of the routers' answers, which keeps them small.
  ///
  /// @throws IllegalArgumentException if logits are not kept
  public Tensor zLoss() {
    if (layers.isEmpty()) {
      return Tensor.of(0f).sum();
    }
    return layers.keySet().stream().map(l -> mean(logSumExp(logits(l)).square())).reduce(Tensor::add).orElseThrow()
        .div(layers.size());
  }

  private Tensor mean(Tensor x) {                                               // [N]
    Tensor w = weights;
    return w == null ? x.mean() : w.view(-1).mul(x).sum().div(Math.max(1, tokens));
  }

  private static Tensor logSumExp(Tensor logits) {                              // [N, E]
    Tensor x = logits.to(precise(logits));
    return x.select(1, 0).sub(x.logSoftmax(1).select(1, 0));                    // x₀ − (x₀ − lse) [N]
  }

  /// The type of probabilities: float32, or the float64 of finite differences.
  static DType precise(Tensor x) {
    return x.dtype() == DType.F64 ? DType.F64 : DType.F32;
  }
}
