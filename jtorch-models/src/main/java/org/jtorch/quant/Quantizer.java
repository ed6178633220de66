package org.jtorch.quant;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jtorch.adapter.Targets;
import org.jtorch.head.Heads;
import org.jtorch.io.DataException;
import org.jtorch.nn.Embedding;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
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
/// The embedding and the head, a classifier's included, stay as they are. So do the experts and the router of a mixture, which
/// are no products of their own: [QuantReport#left] names them. Such a model cannot be saved as a checkpoint any more; its
/// adapter can.
public final class Quantizer {
  private static final String GONE =
      "this weight was quantized to 4 bits and its original is free: load the model again to train or save it";

  private Quantizer() {}

  /// Quantizes every product but the head.
  public static QuantReport apply(Module model, QuantConfig config) {
    return apply(model, config, new Targets.AllLinear());
  }

  /// Quantizes the products that `targets` names. Weights that are stacked into one product go together. The whole model is
  /// frozen.
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

  private record Chosen(List<String> names, Linear linear) {}

  private static List<Chosen> choose(Module model, Targets targets) {
    var heads = Heads.of(model);
    var chosen = new ArrayList<Chosen>();
    model.forEachModule((path, module) -> {
      if (module instanceof Linear linear && linear.product() == null && !heads.contains(linear.weight())) {
        var names = linear.weight().parts().stream().map(p -> p.under(path)).toList();
        long wanted = names.stream().filter(targets::matches).count();
        if (wanted > 0 && wanted < names.size()) {
          throw new IllegalArgumentException("the weights " + names + " are one product and are quantized together: name all or none");
        }
        if (wanted > 0) {
          chosen.add(new Chosen(names, linear));
        }
      }
    });
    return chosen;
  }

  /// Finds what could fail half way before anything is given up.
  private static void check(Chosen c, QuantConfig config) {
    config.requireFits(c.names.getFirst(), c.linear.in());
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      for (Tensor t : c.linear.weight().tensors()) {
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
    chosen.forEach(c -> known.add(c.linear.weight()));
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
      Parameter p = c.linear.weight();
      Tensor w = p.inPieces() ? Ops.cat(0, p.tensors().toArray(Tensor[]::new)) : p.tensor().detach();
      long before = w.bytes();
      Codes codes = config.encode(w);
      Tensor error;
      double size;
      try (var inner = TensorScope.open()) {
        error = inner.promote(codes.weight().sub(w.to(DType.F32)).abs());
        size = w.to(DType.F32).square().mean().sqrt().item();
      }
      double largest = error.max().item();
      double relative = error.square().mean().sqrt().item() / (size == 0 ? 1 : size);
      codes.forEachTensor(model::own);
      c.linear.product(codes);
      model.giveUp(p, "\"" + c.names.getFirst() + "\": " + GONE);
      return new QuantReport.Quantized(c.names, p.numel(), before, codes.bytes(), largest, relative);
    }
  }
}
