package org.jtorch.quant;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jtorch.adapter.Targets;
import org.jtorch.ffn.Router;
import org.jtorch.head.Heads;
import org.jtorch.io.DataException;
import org.jtorch.nn.Embedding;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Projection;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Holds the weights of a built model's products in 4 bits and frees the originals, for a frozen base under an adapter.
///
/// ```java
/// IO.println(Quantizer.apply(model, QuantConfig.NF4));         // 24 products: 988.1 MB became 139.0 MB, ...
/// try (var lora = Lora.apply(model, LoraConfig.of(16, 32, new Targets.AllLinear()), Rng.of(0))) { ... }   // recovers accuracy
/// ```
///
/// The embedding and the head, a classifier's included, stay as they are, and so does the router of a mixture of experts unless
/// it is named: a few numbers that decide which experts run; [QuantReport#left] has it. Such a model cannot be saved as a
/// checkpoint any more; its adapter can.
public final class Quantizer {
  private static final String GONE =
      "this weight was quantized to 4 bits and its original is free: load the model again to train or save it";

  private Quantizer() {}

  /// Quantizes every product but the head and routers.
  public static QuantReport apply(Module model, QuantConfig config) {
    return apply(model, config, new Targets.AllLinear());
  }

  /// Quantizes the products that `targets` names. Weights that lie together, in one product or as the experts of a layer, go
  /// together. The whole model is frozen.
  ///
  /// @throws IllegalArgumentException if nothing matches, or a weight has a shape that the codes cannot hold
  /// @throws DataException if a weight is not finite; in either case the model is as it was
  public static QuantReport apply(Module model, QuantConfig config, Targets targets) {
    var chosen = choose(model, targets);
    if (chosen.isEmpty()) {
      throw new IllegalArgumentException("no product of this model matches " + targets + "; \"q_proj\" is such a name");
    }
    chosen.forEach(c -> check(c, config));
    var left = left(model, targets, chosen);
    model.requiresGrad(false);
    return new QuantReport(chosen.stream().map(c -> quantize(model, c, config)).toList(), left);
  }

  /// Products whose weights lie in one parameter, which is freed as a whole.
  private record Chosen(Parameter parameter, List<String> names, List<Projection> projections) {}

  private static List<Chosen> choose(Module model, Targets targets) {
    var heads = Heads.of(model);
    var names = new IdentityHashMap<Parameter, List<String>>();
    var products = new LinkedHashMap<Parameter, List<Projection>>();
    model.forEachModule((path, module) -> module.ownProjections().forEach(p -> {
      if (p.product() == null && !heads.contains(p.weight()) && !(targets instanceof Targets.AllLinear && module instanceof Router)) {
        products.computeIfAbsent(p.weight(), _ -> new ArrayList<>()).add(p);
        p.parts().forEach(part -> names.computeIfAbsent(p.weight(), _ -> new ArrayList<>()).add(part.under(path)));
      }
    }));
    var chosen = new ArrayList<Chosen>();
    products.forEach((parameter, list) -> {
      var all = Objects.requireNonNull(names.get(parameter));
      long wanted = all.stream().filter(targets::matches).count();
      if (wanted > 0 && wanted < all.size()) {
        throw new IllegalArgumentException("the weights " + all + " lie together and are quantized together: name all or none");
      }
      if (wanted > 0) {
        chosen.add(new Chosen(parameter, all, list));
      }
    });
    return chosen;
  }

  /// Finds what could fail half way before anything is given up.
  private static void check(Chosen c, QuantConfig config) {
    config.requireFits(c.names.getFirst(), c.projections.getFirst().in());
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      for (Tensor t : c.parameter.tensors()) {
        if (!Double.isFinite(t.detach().abs().max().item())) {
          throw new DataException("the weight " + c.names + " holds a value that is not finite and cannot be quantized; load a sound "
              + "checkpoint, or leave it out of the targets");
        }
      }
    }
  }

  /// Matrices that `targets` means and that are neither products nor embedding nor head.
  private static List<QuantReport.Left> left(Module model, Targets targets, List<Chosen> chosen) {
    Set<Parameter> known = Collections.newSetFromMap(new IdentityHashMap<>());
    known.addAll(Heads.of(model));
    chosen.forEach(c -> known.add(c.parameter));
    model.forEachModule((_, m) -> {
      if (m instanceof Embedding e) {
        known.add(e.weight());
      }
    });
    return model.weights().values().stream()
        .filter(w -> !known.contains(w.parameter()) && !w.parameter().isGivenUp() && w.shape().length > 1)
        .filter(w -> targets.matches(w.name().replaceFirst("\\.weight$", "")))
        .map(w -> {
          long elements = Arrays.stream(w.shape()).reduce(1, Math::multiplyExact);
          return new QuantReport.Left(w.name(), elements, elements * w.parameter().tensors().getFirst().dtype().bytes());
        }).toList();
  }

  private static QuantReport.Quantized quantize(Module model, Chosen c, QuantConfig config) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var sums = new Sums();
      for (Projection p : c.projections) {
        try (var _ = TensorScope.open()) {
          Tensor w = weight(p);
          Codes codes = config.encode(w);
          sums.add(w, codes);
          codes.forEachTensor(model::own);
          p.product(codes);
        }
      }
      model.giveUp(c.parameter, "\"" + c.names.getFirst() + "\": " + GONE);
      return new QuantReport.Quantized(c.names, c.parameter.numel(), sums.before, sums.bytes, sums.largest,
          Math.sqrt(sums.errors / (sums.squares == 0 ? 1 : sums.squares)));
    }
  }

  /// The rows of a product's weight. `[out, in]`
  private static Tensor weight(Projection p) {
    Parameter all = p.weight();
    if (all.inPieces()) {
      return Ops.cat(0, p.parts().stream().map(part -> all.tensors().get(all.parts().indexOf(part))).toArray(Tensor[]::new));
    }
    long rows = p.parts().stream().mapToLong(Parameter.Part::rows).sum();
    return all.tensor().detach().narrow(0, p.parts().getFirst().start(), rows);
  }

  /// What the products of one parameter come to.
  private static final class Sums {
    private long before;
    private long bytes;
    private double largest;
    private double errors;
    private double squares;

    void add(Tensor w, Codes codes) {
      try (var _ = TensorScope.open()) {
        Tensor error = codes.weight().sub(w.to(DType.F32)).abs();
        before += w.bytes();
        bytes += codes.bytes();
        largest = Math.max(largest, error.max().item());
        errors += error.square().sum().item();
        squares += w.to(DType.F32).square().sum().item();
      }
    }
  }
}
