package org.jtorch.ffn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Init;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.PartProjection;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Fused;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// All experts of a layer, stacked in two parameters: gate and up `[E 2F, C]`, down `[E C, F]`. One grouped product
/// multiplies each expert's tokens with its matrix; an expert without tokens costs nothing and its gradient is zero.
///
/// The weight w of a choice multiplies the activation, not the output, which is the same and narrower:
/// `y = D (w · act(G x) ⊙ U x)`.
final class ExpertBank extends Module {
  private final FeedForwardConfig.Experts config;
  private final Parameter gateUp;
  private final Down down;
  /// Gate and up of each expert as one product, and its down.
  private final List<PartProjection> first = new ArrayList<>();
  private final List<PartProjection> second = new ArrayList<>();

  private static final class Down extends Module {
    private final Parameter weight;

    Down(FeedForwardConfig.Experts config, int dim, Init init) {
      weight = parameter("weight", stacked(init, config.experts(), dim), parts(config.experts(), dim, List.of(config.names().down())),
          (long) config.experts() * dim, config.hidden()).allowPieces();
    }
  }

  ExpertBank(FeedForwardConfig.Experts config, int dim, Init init) {
    this.config = config;
    var names = config.names();
    gateUp = parameter("weight", stacked(init, 2 * config.experts(), config.hidden()),
        parts(config.experts(), config.hidden(), List.of(names.gate(), names.up())), 2L * config.experts() * config.hidden(), dim)
        .allowPieces();
    down = child("", new Down(config, dim, init));
    for (int e = 0; e < config.experts(); e++) {
      first.add(new PartProjection(dim, gateUp, gateUp.parts().subList(2 * e, 2 * e + 2)));
      second.add(new PartProjection(config.hidden(), down.weight, List.of(down.weight.parts().get(e))));
    }
  }

  @Override public List<PartProjection> ownProjections() {
    return Stream.concat(first.stream(), second.stream()).toList();
  }

  private static List<Parameter.Part> parts(int experts, int rows, List<String> names) {
    var parts = new ArrayList<Parameter.Part>();
    for (int e = 0; e < experts; e++) {
      for (String name : names) {
        parts.add(new Parameter.Part(e + "." + name, (long) parts.size() * rows, rows));
      }
    }
    return parts;
  }

  /// Each expert's weights by their own shape.
  private static Init stacked(Init init, int count, int rows) {
    return Init.stacked(Collections.nCopies(count, new Init.Stacked.Rows(init, rows)));
  }

  /// Gate and up of all experts. `[E 2F, C]`
  Tensor gateUp() {
    return gateUp.tensor();
  }

  /// Down of all experts. `[E C, F]`
  Tensor down() {
    return down.weight.tensor();
  }

  /// With autograd's graph. x `[N, C]`, weights in the order of slots `[N k, 1]`; result `[N, C]`
  Tensor apply(Tensor x, Dispatch d, Tensor weights) {
    var gatesAndUps = gateUp().split(2L * config.hidden(), 0);
    var downs = down().split(x.size(1), 0);
    var outputs = new ArrayList<Tensor>();
    for (int e = 0; e < config.experts(); e++) {
      if (d.count(e) > 0) {
        Tensor both = Ops.linear(d.gather(x, e), gatesAndUps.get(e), null);                 // [n, 2F]
        Tensor a = config.activation().apply(gate(both)).mul(up(both)).mul(d.part(weights, e));
        outputs.add(Ops.linear(a, downs.get(e), null));                                    // [n, C]
      }
    }
    return outputs.isEmpty() ? Ops.zerosLike(x) : d.combine(Ops.cat(0, outputs.toArray(Tensor[]::new)));
  }

  /// Outputs `[N, C]`, and gate and up of every slot `[N k, 2F]`, which [#backward] needs.
  record Outputs(Tensor y, Tensor both) {}

  /// True if the stacked parameters alone make all products: no adapter, no codes, no file that holds experts apart.
  boolean isBare() {
    return first.stream().allMatch(PartProjection::isBare) && second.stream().allMatch(PartProjection::isBare);
  }

  /// [#forward] expert by expert, each as its projections make it now; differentiable in x, the weights and what adapters train.
  /// result `[N, C]`
  Tensor byProjection(Tensor x, Dispatch d, Tensor weights, Pass pass) {
    var outputs = new ArrayList<Tensor>();
    for (int e = 0; e < config.experts(); e++) {
      if (d.count(e) > 0) {
        Tensor both = first.get(e).project(d.gather(x, e), pass);                           // [n, 2F]
        Tensor a = config.activation().apply(gate(both)).mul(up(both)).mul(d.part(weights, e));
        outputs.add(second.get(e).project(a, pass));                                        // [n, C]
      }
    }
    return outputs.isEmpty() ? Ops.zerosLike(x) : d.combine(Ops.cat(0, outputs.toArray(Tensor[]::new)));
  }

  /// Without a graph: two grouped products.
  Outputs forward(Tensor x, Dispatch d, Tensor weights) {
    Tensor both = Fused.groupedMatmul(d.gather(x), cube(gateUp()).transpose(1, 2), d.ends());          // [N k, 2F]
    Tensor a = config.activation().apply(gate(both)).mulInPlace(up(both)).mulInPlace(weights);         // [N k, F]
    return new Outputs(d.combine(Fused.groupedMatmul(a, cube(down()).transpose(1, 2), d.ends())), both);
  }

  /// `[E rows, columns]` as `[E, rows, columns]`.
  private Tensor cube(Tensor stacked) {
    return stacked.view(config.experts(), -1, stacked.size(1));
  }

  /// Gradients by hand. dweights in the order of slots `[N k, 1]`; those of parameters are null if they are frozen.
  record Gradients(Tensor dx, Tensor dweights, @Nullable Tensor gateUp, @Nullable Tensor down) {}

  /// @param both what [#forward] kept
  /// @param dy `[N, C]`
  Gradients backward(Tensor x, Dispatch d, Tensor weights, Tensor both, Tensor dy) {
    Tensor dys = d.gather(dy);                                                              // [N k, C]
    var back = activationBackward(Fused.groupedMatmul(dys, cube(down()), d.ends()), both, weights);
    Tensor second = gradient(down(), dys, back.a, d);
    Tensor first = gradient(gateUp(), back.dboth, d.gather(x), d);
    return new Gradients(d.combine(Fused.groupedMatmul(back.dboth, cube(gateUp()), d.ends())), back.dw, first, second);
  }

  /// Of a stacked parameter: a block of rows for each expert in one buffer, zero for those without tokens.
  private static @Nullable Tensor gradient(Tensor parameter, Tensor a, Tensor b, Dispatch d) {
    return parameter.requiresGrad() ? Fused.groupedMatmul(a.t(), b, d.ends()).view(parameter.shape()) : null;
  }

  /// dboth `[n, 2F]`, dw `[n, 1]`, and the weighted activation a `[n, F]` again.
  private record Back(Tensor dboth, Tensor dw, Tensor a) {}

  /// @param da the gradient of the weighted activation, overwritten `[n, F]`
  private Back activationBackward(Tensor da, Tensor both, Tensor w) {
    Tensor s = config.activation().apply(gate(both));                                       // [n, F]
    Tensor a = s.mul(up(both));
    Tensor dw = da.mul(a).sum(1, true);
    da.mulInPlace(w);
    Tensor d = Ops.emptyLike(both);
    Ops.mulInto(up(d), da, s);
    config.activation().backwardInto(gate(d), da.mulInPlace(up(both)), gate(both));
    return new Back(d, dw, a.mulInPlace(w));
  }

  private Tensor gate(Tensor both) {
    return both.narrow(1, 0, config.hidden());
  }

  private Tensor up(Tensor both) {
    return both.narrow(1, config.hidden(), config.hidden());
  }
}
