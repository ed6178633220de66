package org.jtorch.nn;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Function;
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
      String full = join(part.under(prefix), name);
      into.put(full, new Weight(full, p, part));
    }));
    children.forEach((name, child) -> child.collect(join(prefix, name), into));
  }

  /// Shows every module of the tree with its path in the checkpoint, this one first. Modules that stack several weights
  /// have the path of their parent; see [Linear#outputs].
  public final void forEachModule(BiConsumer<String, Module> visitor) {
    visit("", visitor);
  }

  private void visit(String path, BiConsumer<String, Module> visitor) {
    visitor.accept(path, this);
    children.forEach((name, child) -> child.visit(join(path, name), visitor));
  }

  /// The products of this very module, without those of its children: what an adapter may go on.
  public List<? extends Projection> ownProjections() {
    return List.of();
  }

  static String join(String prefix, String name) {
    return prefix.isEmpty() ? name : name.isEmpty() ? prefix : prefix + "." + name;
  }

  public final long parameterCount() {
    return parameters().stream().mapToLong(Parameter::numel).sum();
  }

  /// Allocates every parameter and fills it as it declares.
  @CanIgnoreReturnValue
  public final Module initialize(Device device, DType dtype, Rng rng) {
    return allocate((p, shape) -> p.init().make(rng, p.typeIn(dtype), device, shape));
  }

  /// Allocates every parameter with what `source` makes for its shape.
  @CanIgnoreReturnValue
  public final Module allocate(BiFunction<Parameter, long[], Tensor> source) {
    return fill(newOwner(), (p, mine) -> p.set(mine.own(source.apply(p, p.shape()))));
  }

  /// Uses memory that is there already, such as a file's, in place: one tensor for each parameter, or one for each of its
  /// parts where [Parameter#mayBePieces] allows it. The weights are frozen.
  ///
  /// @param memory what the tensors alias; closed after them, with this module, or now if a tensor cannot be made
  @CanIgnoreReturnValue
  public final Module map(AutoCloseable memory, Function<Parameter, List<Tensor>> source) {
    var mine = newOwner();
    mine.closeLater(memory);
    return fill(mine, (p, o) -> {
      var pieces = source.apply(p);
      pieces.forEach(o::own);
      p.map(pieces);
    });
  }

  private TensorOwner newOwner() {
    if (owner != null) {
      throw new IllegalStateException("this model has weights already; close it and build another");
    }
    return new TensorOwner();
  }

  private Module fill(TensorOwner mine, BiConsumer<Parameter, TensorOwner> filler) {
    owner = mine;
    try {
      for (var p : parameters()) {
        try (var _ = TensorScope.open()) {
          filler.accept(p, mine);
        }
      }
      return this;
    } catch (RuntimeException | Error e) {         // out of memory half way: keep nothing
      close();
      throw e;
    }
  }

  /// Keeps a tensor beside the parameters, in whose place another form of them computes; freed with them.
  @CanIgnoreReturnValue
  public final Tensor own(Tensor t) {
    return requireOwner().own(t);
  }

  /// Frees a parameter of this tree that something else computes in place of.
  ///
  /// @param why what anyone hears who asks for it from now on
  public final void giveUp(Parameter p, String why) {
    var mine = requireOwner();
    p.tensors().forEach(mine::release);
    p.giveUp(why);
  }

  private TensorOwner requireOwner() {
    if (owner == null) {
      throw new IllegalStateException("this module owns no weights: call it on the model that was initialised or loaded");
    }
    return owner;
  }

  /// Marks all parameters as trained or frozen.
  public final void requiresGrad(boolean wanted) {
    parameters().forEach(p -> p.requiresGrad(wanted));
  }

  /// Drops all gradients.
  public final void zeroGrad() {
    parameters().stream().filter(p -> !p.isGivenUp()).forEach(p -> p.tensors().forEach(t -> t.setGrad(null)));
  }

  /// Frees the weights, if this module allocated them.
  @Override public void close() {
    if (owner != null) {
      owner.close();
      owner = null;
    }
  }
}
