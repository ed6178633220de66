package org.jtorch.recipes.align;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.nn.Module;
import org.jtorch.nn.Weight;
import org.jtorch.quant.QuantConfig;
import org.jtorch.quant.Quantizer;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// A low-rank adapter that learns in the place of the whole model (LoRA, arXiv:2106.09685).
public record AdapterConfig(
    @Doc("r, the inner width; 16 is usual") int rank,
    @Doc("what the adapter makes is multiplied by alpha/rank; unless given alpha is twice the rank") @Nullable Double alpha,
    @Doc("products that get one, as in the checkpoint: [q_proj, v_proj]; unless given all but the head") @Default("[]") List<String> targets,
    @Doc("share of its inputs that training leaves out") @Default("0") double dropout,
    @Doc("multiply by alpha/sqrt(rank) instead (rsLoRA, arXiv:2312.03732)") @Default("false") boolean rsLora,
    @Doc("learn the length of every row beside it (DoRA, arXiv:2402.09353)") @Default("false") boolean dora,
    @Doc("the frozen model below while it learns: full, nf4 (QLoRA, arXiv:2305.14314) or tables (4 bits by k-means, AFM)") @Default("full") Base base,
    @Doc("merged: a whole model, with the adapter beside it; adapter: the adapter alone, for the model that it began with")
    @Default("merged") Leaves leaves) {
  /// How the frozen model is held.
  public enum Base { FULL, NF4, TABLES }

  /// What a run leaves.
  public enum Leaves { MERGED, ADAPTER }

  public AdapterConfig {
    targets = List.copyOf(targets);
    var _ = config(rank, alpha, targets, dropout, rsLora, dora);
  }

  /// As PEFT writes it.
  LoraConfig config() {
    return config(rank, alpha, targets, dropout, rsLora, dora);
  }

  private static LoraConfig config(int rank, @Nullable Double alpha, List<String> targets, double dropout, boolean rsLora, boolean dora) {
    if (rank < 1) {
      throw new IllegalArgumentException("`rank` must be >= 1 but was " + rank + "; 16 is usual");
    }
    if (alpha != null && !(alpha > 0 && alpha < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`alpha` must be > 0 but was " + alpha + "; twice the rank is usual");
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException("`dropout` must be from 0 to below 1 but was " + dropout + "; 0.05 is usual");
    }
    Targets on = targets.isEmpty() ? new Targets.AllLinear() : new Targets.Named(targets, List.of(), List.of());
    var config = LoraConfig.of(rank, alpha == null ? 2.0 * rank : alpha, on).withDropout(dropout);
    config = rsLora ? config.withRsLora() : config;
    return dora ? config.withDora() : config;
  }

  boolean leavesAdapter() {
    return leaves == Leaves.ADAPTER;
  }

  /// Whether the model below is held in 4 bits.
  boolean isQuantized() {
    return base != Base.FULL;
  }

  /// Brings the frozen model into the form that it has while the adapter learns.
  void quantize(Module model) {
    switch (base) {
      case FULL -> { }
      case NF4 -> {
        var _ = Quantizer.apply(model, QuantConfig.NF4);
      }
      case TABLES -> {
        var _ = Quantizer.apply(model, QuantConfig.AFM);
      }
    }
  }

  /// What keeps it from such a model; null for nothing.
  @Nullable String problem(DecoderConfig shape) {
    try (var declared = new Decoder(shape)) {
      var products = declared.weights().keySet().stream().filter(n -> n.endsWith("_proj.weight"))
          .map(n -> n.substring(0, n.length() - ".weight".length())).toList();
      var lost = targets.stream().filter(t -> products.stream().noneMatch(p -> p.endsWith("." + t))).toList();
      return lost.isEmpty() ? null : "names " + lost + ", which the model has not; it has "
          + products.stream().map(p -> p.substring(p.lastIndexOf('.') + 1)).distinct().collect(Collectors.joining(", "));
    }
  }

  /// Numbers that learn on such a model: r (in + out) of each product.
  long parameters(DecoderConfig shape) {
    try (var declared = new Decoder(shape)) {
      return declared.weights().values().stream().filter(w -> w.shape().length == 2 && isTarget(w))
          .mapToLong(w -> rank * (w.shape()[0] + w.shape()[1])).sum();
    }
  }

  private boolean isTarget(Weight weight) {
    return weight.name().endsWith("_proj.weight")
        && (targets.isEmpty() || targets.stream().anyMatch(t -> weight.name().endsWith("." + t + ".weight")));
  }

  @Override public String toString() {
    return (dora ? "DoRA" : rsLora ? "rsLoRA" : "LoRA") + " of rank " + rank + (targets.isEmpty() ? "" : " on " + String.join(", ", targets))
        + switch (base) {
          case FULL -> "";
          case NF4 -> ", over 4 bits (nf4)";
          case TABLES -> ", over 4 bits (tables)";
        };
  }
}
