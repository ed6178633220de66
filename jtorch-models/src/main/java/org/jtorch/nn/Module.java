package org.jtorch.nn;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;

/// A tree of children and parameters. Names are those of the checkpoint; a child with an empty name adds
/// nothing to the path. Declaring costs nothing: weights are allocated by [#initialize] and owned by the
/// module it was called on, which frees them when it closes.
public abstract class Module implements AutoCloseable {
  private final SequencedMap<String, Module> children = new LinkedHashMap<>();
  private final SequencedMap<String, Parameter> own = new LinkedHashMap<>();
  private @Nullable TensorOwner owner;

  /// Adds a child under its name in the checkpoint.
  protected final <M extends Module> M child(String name, M module) {
    if (children.putIfAbsent(name, module) != null) {
      throw new IllegalArgumentException("two children are named \"" + name + "\"");
    }
    return module;
  }

  /// Declares a parameter that is one weight of the checkpoint.
  protected final Parameter parameter(String name, Init init, long... shape) {
    return parameter(name, init, List.of(new Parameter.Part("", 0, shape[0])), shape);
  }

  /// Declares a parameter made of several weights, stacked by rows.
  protected final Parameter parameter(String name, Init init, List<Parameter.Part> parts, long... shape) {
    var p = new Parameter(init, parts, shape);
    own.put(name, p);
    return p;
  }

  /// All parameters of the tree, each once, in order of declaration.
  public final List<Parameter> parameters() {
    var list = new ArrayList<Parameter>(own.values());
    children.values().forEach(c -> list.addAll(c.parameters()));
    return list;
  }

  /// All weights of the tree under their names in the checkpoint.
  public final SequencedMap<String, Weight> weights() {
    var map = new LinkedHashMap<String, Weight>();
    collect("", map);
    return map;
  }

  private void collect(String prefix, SequencedMap<String, Weight> into) {
    own.forEach((name, p) -> p.parts().forEach(part -> {
      String full = join(join(prefix, part.name()), name);
      into.put(full, new Weight(full, p, part));
    }));
    children.forEach((name, child) -> child.collect(join(prefix, name), into));
  }

  private static String join(String prefix, String name) {
    return prefix.isEmpty() ? name : name.isEmpty() ? prefix : prefix + "." + name;
  }

  public final long parameterCount() {
    return parameters().stream().mapToLong(Parameter::numel).sum();
  }

  /// Allocates every parameter and fills it as it declares.
  @CanIgnoreReturnValue
  public final Module initialize(Device device, DType dtype, Rng rng) {
    return allocate((p, shape) -> p.init().make(rng, dtype, device, shape));
  }

  /// Allocates every parameter with what `source` makes for its shape.
  @CanIgnoreReturnValue
  public final Module allocate(BiFunction<Parameter, long[], Tensor> source) {
    if (owner != null) {
      throw new IllegalStateException("this model has weights already; close it and build another");
    }
    var mine = new TensorOwner();
    owner = mine;
    try {
      for (var p : parameters()) {
        try (var _ = TensorScope.open()) {
          p.set(mine.own(source.apply(p, p.shape())));
        }
      }
      return this;
    } catch (RuntimeException e) {                 // out of memory half way: keep nothing
      close();
      throw e;
    }
  }

  /// Marks all parameters as trained or frozen.
  public final void requiresGrad(boolean wanted) {
    parameters().forEach(p -> p.tensor().requiresGrad(wanted));
  }

  /// Drops all gradients.
  public final void zeroGrad() {
    parameters().forEach(p -> p.tensor().setGrad(null));
  }

  /// Frees the weights, if this module allocated them.
  @Override public void close() {
    if (owner != null) {
      owner.close();
      owner = null;
    }
  }
}
