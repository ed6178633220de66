package org.jtorch.adapter;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.CausalLm;
import org.jtorch.head.Classifier;
import org.jtorch.head.Heads;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.nn.Projection;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// Low-rank adapters (LoRA, rsLoRA, DoRA) on a built model of any family: `y = W x + s B (A x)` with W frozen.
///
/// ```java
/// try (var model = Pretrained.load(folder, Device.best(), DType.BF16);
///      var lora = Lora.apply(model, LoraConfig.of(16, 32, "q_proj", "v_proj"), Rng.of(0));
///      var optimizer = AdamW.over(lora.parameters(), 0, AdamW.Options.DEFAULT)) {
///   ...                                             // train: only A and B have gradients
///   lora.save(Path.of("my-adapter"), null);         // loads in PEFT
/// }
/// ```
///
/// [#parameters] are all A and B, in the order of the checkpoint and under PEFT's names. `pass.withAdapters(false)` runs the
/// model without them: the reference of a preference loss, without a second copy. Closing takes the adapters off and frees
/// them; a merged model stays merged, and while it is merged a pass without adapters is refused.
///
/// The head takes no adapter. A classifier's is not frozen but trains along, as in PEFT: [#trained] has its parameters, too,
/// and [#save] and [#load] its weights. A pass without adapters keeps the head as it is now.
public final class Lora extends Module {
  /// The file of an adapter's weights in its folder.
  public static final String WEIGHTS = PeftFiles.WEIGHTS;
  /// What PEFT puts before the names of the checkpoint.
  static final String PREFIX = "base_model.model.";

  private final Module model;
  private final LoraConfig config;
  private final SequencedMap<Projection, List<LoraWeights>> parts = new LinkedHashMap<>();
  private final Dropout dropout;
  private @Nullable LoraMerge merge;

  private Lora(Module model, LoraConfig config, long seed) {
    this.model = model;
    this.config = config;
    var heads = Heads.of(model);
    model.forEachModule((path, module) -> module.ownProjections().forEach(p -> {
      if (!(model instanceof Classifier && heads.contains(p.weight()))) {
        select(path, p, heads.contains(p.weight()));
      }
    }));
    this.dropout = new Dropout(config.dropout(), Rng.of(seed), Math.max(1, parts.size()));
  }

  private void select(String path, Projection projection, boolean head) {
    var chosen = new ArrayList<LoraWeights>();
    for (var part : projection.parts()) {
      String name = part.under(path);
      if (config.wants(name) && !(head && config.targets() instanceof Targets.AllLinear)) {
        if (head) {
          throw new IllegalArgumentException("`target_modules` names \"" + name + "\", the model's head, which takes no adapter; "
              + "leave it out (\"all-linear\" does)");
        }
        chosen.add(child(PREFIX + name, new LoraWeights(name, projection, part, config)));
      }
    }
    if (!chosen.isEmpty()) {
      if (projection.adapter() != null) {
        throw new IllegalStateException("\"" + chosen.getFirst().module() + "\" has an adapter already: merge or close it first");
      }
      parts.put(projection, chosen);
    }
  }

  /// Freezes the model and puts fresh adapters on it, in float32 (float64 on a model of that type).
  ///
  /// @throws IllegalArgumentException if a name of the configuration matches no product
  @MustBeClosed
  public static Lora apply(Module model, LoraConfig config, Rng rng) {
    return apply(model, config, rng, adapterType(model));
  }

  /// [#apply] with parameters of another type.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Lora apply(Module model, LoraConfig config, Rng rng, DType dtype) {
    var lora = declare(model, config, rng.seed());
    if (config.targets() instanceof Targets.Named named) {
      var lost = named.withoutMatch(products(model));
      if (!lost.isEmpty()) {
        throw new IllegalArgumentException("`target_modules` " + lost + " matches no product of this model; it has "
            + kinds(model));
      }
    }
    lora.initialize(device(model), dtype, rng);
    lora.start();
    return lora;
  }

  /// Declares adapters without memory.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")
  static Lora declare(Module model, LoraConfig config, long seed) {
    var lora = new Lora(model, config, seed);
    if (lora.parts.isEmpty()) {
      throw new IllegalArgumentException("`target_modules` matches no product of this model: " + config.targets()
          + "; it has " + kinds(model));
    }
    return lora;
  }

  /// Puts adapters that have memory on the model.
  void start() {
    try (var _ = org.jtorch.tensor.TensorScope.open()) {
      parts.values().forEach(l -> l.forEach(LoraWeights::measure));
    }
    model.requiresGrad(false);
    requiresGrad(true);
    head().forEach(p -> p.tensors().forEach(t -> t.requiresGrad(true)));
    int index = 0;
    for (var entry : parts.entrySet()) {
      entry.getKey().adapter(new LoraProduct(this, index++, entry.getValue()));
    }
  }

  /// Loads PEFT's `adapter_config.json` and `adapter_model.safetensors` onto a model.
  ///
  /// @throws org.jtorch.io.DataException for an adapter of another model, listing all tensors that do not fit at once, and for
  ///     settings that are not supported, naming file and key
  @MustBeClosed
  public static Lora load(Module model, Path folder) {
    return PeftFiles.loadLora(model, folder);
  }

  /// Writes PEFT's two files into a folder; they load in PEFT.
  ///
  /// @param base the model's name or folder for the file, or null
  public void save(Path folder, @Nullable String base) {
    PeftFiles.saveLora(this, folder, base);
  }

  /// What an optimizer is to have: the adapters' [#parameters] and, of a classifier, its head's.
  public List<Parameter> trained() {
    return Stream.concat(parameters().stream(), head().stream()).toList();
  }

  private List<Parameter> head() {
    return model instanceof Classifier c ? c.headParameters() : List.of();
  }

  /// What [#save] writes, under PEFT's names: the adapter's weights and those of a head that trains along.
  public SequencedMap<String, Weight> savedWeights() {
    var map = new LinkedHashMap<String, Weight>(weights());
    map.putAll(headWeights());
    return map;
  }

  /// The weights of a head that trains along, under PEFT's names.
  SequencedMap<String, Weight> headWeights() {
    var map = new LinkedHashMap<String, Weight>();
    var head = Set.copyOf(head());
    model.weights().forEach((name, w) -> {
      if (head.contains(w.parameter())) {
        map.put(PREFIX + name, w);
      }
    });
    return map;
  }

  /// PEFT's name for what the model is for; null for a bare encoder.
  @Nullable String task() {
    return PeftFiles.task(model);
  }

  public LoraConfig config() {
    return config;
  }

  Dropout dropout() {
    return dropout;
  }

  /// The stream of dropout's masks, one draw for each forward that trains. A checkpoint keeps its
  /// [Rng#state] beside the weights: with it a resumed run draws what an uninterrupted one would.
  public Rng random() {
    return dropout.stream();
  }

  List<LoraWeights> weightsInOrder() {
    return parts.values().stream().flatMap(List::stream).toList();
  }

  /// Begins where another adapter of the same shape is: a task adapter from a recovery adapter.
  public void copyFrom(Lora other) {
    var from = other.weights();
    if (!from.keySet().equals(weights().keySet())) {
      throw new IllegalArgumentException("the other adapter is on other products: " + from.size() + " tensors, here "
          + weights().size());
    }
    try (var _ = Grad.off()) {
      weights().forEach((name, w) -> w.view().copyInPlace(java.util.Objects.requireNonNull(from.get(name)).view().detach()));
    }
  }

  // ---- merging

  /// Adds `s B A` to the model's weights, computed in float32 and rounded once, and runs without adapters from now on.
  ///
  /// @param ids rows of tokens whose logits are compared before and after, int64 `[B, T]`
  public MergeReport merge(CausalLm model, Tensor ids) {
    var m = begun();
    return m.run(() -> model.apply(ids, Pass.EMPTY), () -> merge = m);
  }

  /// The same without a comparison: for whatever model it is on.
  public void merge() {
    var m = begun();
    m.add();
    merge = m;
  }

  private LoraMerge begun() {
    if (merge != null) {
      throw new IllegalStateException("this adapter is merged already; unmerge() first");
    }
    if (parts.isEmpty()) {
      throw new IllegalStateException("this adapter is closed, there is nothing to merge: load it again");
    }
    return new LoraMerge(weightsInOrder());
  }

  public boolean isMerged() {
    return merge != null;
  }

  /// Restores the weights that were there before [#merge], to the last bit.
  public void unmerge() {
    if (merge == null) {
      throw new IllegalStateException("this adapter is not merged");
    }
    merge.undo();
    merge = null;
  }

  /// Frees the copies that [#unmerge] would need: the model stays merged, the adapter is of no further use.
  public void keepMerged() {
    close();
  }

  @Override public void close() {
    parts.keySet().forEach(l -> l.adapter(null));
    parts.clear();
    if (merge != null) {
      merge.close();
      merge = null;
    }
    super.close();
  }

  // ---- about the model

  static DType adapterType(Module model) {
    return first(model).dtype() == DType.F64 ? DType.F64 : DType.F32;
  }

  static Device device(Module model) {
    return first(model).device();
  }

  private static Tensor first(Module model) {
    return model.parameters().stream().filter(p -> !p.isGivenUp()).findFirst()
        .orElseThrow(() -> new IllegalArgumentException("this model has no parameters")).tensors().getFirst();
  }

  private static List<String> products(Module model) {
    var names = new ArrayList<String>();
    var leftOut = model instanceof Classifier c ? Set.copyOf(c.headParameters()) : Set.of();
    model.forEachModule((path, module) -> module.ownProjections().stream().filter(p -> !leftOut.contains(p.weight()))
        .forEach(p -> p.parts().forEach(part -> names.add(part.under(path)))));
    return names;
  }

  /// `q_proj, k_proj, ...`
  private static String kinds(Module model) {
    return products(model).stream().map(n -> n.substring(n.lastIndexOf('.') + 1)).distinct().collect(Collectors.joining(", "));
  }
}
