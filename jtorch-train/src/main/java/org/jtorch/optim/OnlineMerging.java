package org.jtorch.optim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Fused;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// The online merging optimizer (arXiv:2405.17931, section 4), with which Qwen 2 is aligned: every step merges AdamW's update with what
/// supervised fine-tuning had added to the base model, so that learning preferences costs less of what the model knew.
///
/// `θ ← θ(1 − ηλ)`, then `θ ← θ + (1 − α) F(Δθ) + α F(τ)`, where `Δθ = −η m̂/(√v̂ + ε)` and `τ = θ_SFT − θ_base`. F is [OnDare]'s or
/// [OnTies]'s. τ is added at every step, whatever the learning rate: after T steps about `α p T τ` of it, so `T α` should stay far below 1.
///
/// Weights are changed once a step, by both terms together, in float32: each alone may be less than the last bit of a weight. Masters of
/// half-precision parameters as in [AdamW]. Beside AdamW's state it holds τ in float32, 4 bytes a parameter, which is not saved: it comes
/// from the models again.
public final class OnlineMerging extends MasterOptimizer {
  /// What stays of the two vectors, and how they are joined.
  public sealed interface Rule {
    /// What the rule does with a task vector once, before the first step.
    default Tensor prepare(Tensor tau) {
      return tau;
    }

    /// What is added to the weights.
    ///
    /// @param delta AdamW's update of one parameter, float32
    /// @param tau the prepared task vector, of the same shape
    /// @param rng random numbers of this parameter and this step
    Tensor join(Tensor delta, Tensor tau, double alpha, Rng rng);
  }

  /// F keeps each entry with probability p and does not rescale what stays (section 4.2); the two vectors have masks of their own.
  ///
  /// @param keep p, in (0, 1]
  /// @param seed with the step it decides which entries stay: a run that goes on comes to the same bits
  public record OnDare(double keep, long seed) implements Rule {
    public OnDare {
      share(keep);
    }

    @Override public Tensor join(Tensor delta, Tensor tau, double alpha, Rng rng) {
      Tensor sum = kept(delta, rng).mul(1 - alpha);
      return alpha == 0 ? sum : sum.addInPlace(kept(tau, rng), alpha);
    }

    private Tensor kept(Tensor t, Rng rng) {
      return keep == 1 ? t : t.mul(rng.mask(1 - keep, t));
    }
  }

  /// F keeps the share p of the entries that are largest by magnitude; where the two that stay pull apart, the one that goes against the
  /// sign of their plain sum is left out (section 4.2; the rule is that of the authors' code). With α = 0 nothing is merged.
  ///
  /// @param keep p, in (0, 1]
  public record OnTies(double keep) implements Rule {
    public OnTies {
      share(keep);
    }

    @Override public Tensor prepare(Tensor tau) {
      return largest(tau);
    }

    @Override public Tensor join(Tensor delta, Tensor tau, double alpha, Rng rng) {
      Tensor d = largest(delta);
      if (alpha == 0) {
        return d;
      }
      Tensor up = d.add(tau).ge(0.0);                                            // the sign that is elected
      return agreeing(d, up).mul(1 - alpha).addInPlace(agreeing(tau, up), alpha);
    }

    private Tensor largest(Tensor t) {
      long n = Math.max(1, (long) (keep * t.numel()));
      if (n >= t.numel()) {
        return t;
      }
      Tensor size = t.abs();
      Tensor values = Ops.topK(size.reshape(-1), n).values();
      return t.mul(values.narrow(0, n - 1, 1).le(size).to(t.dtype()));
    }

    private static Tensor agreeing(Tensor t, Tensor up) {
      Tensor zero = Ops.zerosLike(t);
      return t.mul(up.and(t.gt(zero)).or(up.not().and(t.lt(zero))).to(t.dtype()));
    }
  }

  /// @param alpha α, in [0, 1): how much of the task vector comes in at every step; the paper's are 1e-7 to 1e-4
  public record Options(double alpha, Rule rule, AdamW.Options adam) {
    /// The paper's best α, 5e-6.
    public static Options of(Rule rule) {
      return new Options(5e-6, rule, AdamW.Options.DEFAULT);
    }

    public Options {
      Require.that(alpha >= 0 && alpha < 1, "alpha", alpha, "in [0, 1)", "5e-6");
    }
  }

  private record Moments(Tensor average, Tensor square, Tensor step, Tensor tau) {}

  private static final long DRAWS = 1L << 8;                       // more than a parameter takes in a step
  private final Options options;
  private final List<Moments> moments;
  private final Tensor one;

  private OnlineMerging(List<ParameterGroup> groups, Function<Parameter, Tensor> tau, Options options) {
    super(groups);
    this.options = options;
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      moments = slots().stream().map(s -> begin(s, tau)).toList();
      one = own(Ops.ones(DType.F32, device()));
    }
  }

  private Moments begin(Slot slot, Function<Parameter, Tensor> tau) {
    try (var _ = TensorScope.open()) {
      Tensor t = tau.apply(slot.parameter);
      Require.that(Arrays.equals(t.shape(), slot.parameter.shape()), "the task vector of a parameter", Arrays.toString(t.shape()),
          "of its shape " + Arrays.toString(slot.parameter.shape()), "the difference of two models of the policy's configuration");
      return new Moments(slot.zeros("exp_avg"), slot.zeros("exp_avg_sq"), slot.scalar("step", device()),
          own(options.rule.prepare(t.detach().to(device(), DType.F32).copy())));
    }
  }

  /// An optimizer over groups that may differ in decay and learning rate.
  ///
  /// @param tau what fine-tuning added to a parameter, `θ_SFT − θ_base`; asked once for each, and copied
  public static OnlineMerging over(List<ParameterGroup> groups, Function<Parameter, Tensor> tau, Options options) {
    return new OnlineMerging(groups, tau, options);
  }

  /// What fine-tuning added, for [#over]: `θ_SFT − θ_base`, weight by weight by their names, in float32.
  ///
  /// @param policy whose parameters are asked for
  /// @param sft the fine-tuned model; may be the policy itself
  /// @param base the model that it was fine-tuned from
  /// @throws IllegalArgumentException for a weight that one of them lacks
  public static Function<Parameter, Tensor> taskVector(Module policy, Module sft, Module base) {
    var weights = new IdentityHashMap<Parameter, List<Weight>>();
    policy.weights().values().forEach(w -> weights.computeIfAbsent(w.parameter(), _ -> new ArrayList<>()).add(w));
    return p -> Ops.cat(0, Objects.requireNonNull(weights.get(p), "a parameter of another model").stream()
        .map(w -> precise(sft, w.name()).sub(precise(base, w.name()))).toArray(Tensor[]::new)).reshape(p.shape());
  }

  private static Tensor precise(Module model, String name) {
    Weight weight = model.weights().get(name);
    if (weight == null) {
      throw new IllegalArgumentException("the policy has a weight " + name + " that the model it is to be merged with lacks; give the models that it"
          + " was tuned from");
    }
    return weight.view().detach().to(DType.F32);
  }

  @Override void update(double learningRate, double scale) {
    double[] before = stepsBefore();
    forEachGradient(scale, (i, slot, g) -> {
      Tensor delta = delta(moments.get(i), g, learningRate * slot.group.lrScale());
      Tensor w = slot.master();
      w.mulInPlace(1 - learningRate * slot.group.lrScale() * slot.group.weightDecay());
      w.addInPlace(options.rule.join(delta, moments.get(i).tau, options.alpha, random(i, (long) before[i])));
      slot.publish();
    });
  }

  /// What AdamW would add to the weights without decay: its step from 0.
  private Tensor delta(Moments m, Tensor g, double rate) {
    Tensor delta = Ops.zerosLike(g);
    m.step.addInPlace(one);
    var adam = options.adam;
    Fused.adamW(List.of(delta), List.of(g), List.of(m.average), List.of(m.square), List.of(m.step), rate, adam.beta1(), adam.beta2(), 0,
        adam.eps(), null);
    return delta;
  }

  /// How many steps each parameter has made; waits for the device once.
  private double[] stepsBefore() {
    return Ops.stack(0, IntStream.range(0, moments.size()).mapToObj(i -> moments.get(i).step).toList()).toDoubles();
  }

  /// Numbers that depend on the seed, the parameter's place and its step alone.
  private Rng random(int parameter, long step) {
    return switch (options.rule) {
      case OnDare dare -> Rng.at(dare.seed * 31 + parameter, step * DRAWS);
      case OnTies _ -> Rng.of(0);
    };
  }

  private static void share(double keep) {
    Require.that(keep > 0 && keep <= 1, "keep", keep, "in (0, 1]", "0.1");
  }
}
