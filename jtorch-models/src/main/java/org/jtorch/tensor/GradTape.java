package org.jtorch.tensor;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Gradients written by hand, between the pieces that autograd differentiates.
///
/// JavaCPP cannot subclass autograd's `Node`, so a custom gradient is a cut: its output is a fresh leaf, and the
/// tape remembers how to go back. [#backward] runs autograd from the loss down to the leaves, then walks the
/// tape in reverse: each entry takes the gradient that arrived at its leaf, computes those of its inputs, and
/// continues autograd from there. The residual stream must be cut too where a branch is ([#cut]), since autograd
/// refuses to walk a piece twice; it throws, it never answers wrongly.
///
/// Everything that entries hold lives in the tape's scope and is freed as soon as its entry has been used: a tape is walked
/// back once. Several losses on one forward are added up first, or arrive one by one ([#arrive]).
///
/// ```java
/// try (var tape = GradTape.open()) {
///   x = tape.cut(x);                                        // a leaf; both branches add to its gradient
///   var h = x.add(mlp(x, tape));
///   tape.arrive(policyLoss(h));
///   tape.arrive(valueLoss(h));
///   tape.backward();
/// }
/// ```
public final class GradTape implements AutoCloseable {
  /// How to go back: from the gradient of the output to those of the inputs (null: none).
  public interface Backward {
    @Nullable Tensor[] apply(Tensor gradient);
  }

  private record Entry(Tensor output, Tensor[] inputs, Tensor[] saved, Backward backward) {}

  private final TensorScope scope;
  private final List<Entry> entries = new ArrayList<>();
  private boolean spent;

  private GradTape(TensorScope scope) {
    this.scope = scope;
  }

  /// Opens a tape and the scope in which its tensors live.
  ///
  /// @throws IllegalStateException while gradients are off: autograd's pieces between the entries would be missing
  @MustBeClosed
  public static GradTape open() {
    if (!Grad.isOn()) {
      throw new IllegalStateException("a tape was opened inside Grad.off(), where autograd records nothing between its entries: "
          + "open it outside, or run the model without a tape");
    }
    return unchecked();
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // the tape closes its scope
  private static GradTape unchecked() {
    return new GradTape(TensorScope.open());
  }

  /// Records an operation computed without autograd.
  ///
  /// @param output what it computed; becomes a leaf that collects its gradient
  /// @param inputs what its gradient flows to; those that need none are skipped
  /// @param saved further tensors that `backward` uses; kept until then
  public Tensor record(Tensor output, Tensor[] inputs, Tensor[] saved, Backward backward) {
    requireFresh();
    output.requiresGrad(true);
    scope.adopt(output).uses++;
    for (var t : inputs) {
      scope.adopt(t).uses++;
    }
    for (var t : saved) {
      scope.adopt(t).uses++;
    }
    entries.add(new Entry(output, inputs, saved, backward));
    return output;
  }

  /// The same values as a leaf: what uses them adds to its gradient, and autograd stops here.
  public Tensor cut(Tensor x) {
    return record(x.detach(), new Tensor[] {x}, new Tensor[0], gradient -> new Tensor[] {gradient});
  }

  /// Runs `body` without recording and again during backward, so that nothing inside it is kept
  /// (activation checkpointing). The recomputation records on a tape of its own.
  public Tensor checkpoint(Tensor x, Body body) {
    Tensor output;
    try (var first = unchecked(); var _ = Grad.off()) {      // the same kernels as later, then forgotten
      output = first.scope.promote(body.apply(x.detach(), first));
    }
    return record(output, new Tensor[] {x}, new Tensor[0], gradient -> {
      try (var again = unchecked(); var _ = Grad.on()) {
        var leaf = x.detach().requiresGrad(true);
        leaf.uses++;                                             // ours until its gradient is read
        again.arrive(body.apply(leaf, again), gradient);
        again.backward();
        var g = leaf.grad();
        return new Tensor[] {g == null ? null : again.scope.promote(g)};
      }
    });
  }

  /// A piece of a model, given the tape to record on.
  public interface Body {
    Tensor apply(Tensor x, GradTape tape);
  }

  /// The scope in which everything recorded lives.
  public TensorScope scope() {
    return scope;
  }

  /// Backward from a scalar loss through autograd's pieces and the tape's entries. The tape is spent then.
  public void backward(Tensor loss) {
    arrive(loss);
    backward();
  }

  /// Backward from `output` with the gradient that arrived there. The tape is spent then.
  public void backward(Tensor output, Tensor gradient) {
    arrive(output, gradient);
    backward();
  }

  /// Takes in one of several losses, a scalar, down to the tape's last entries; [#backward] goes on from there for all of them.
  /// Losses that share a piece of autograd are added up and arrive together, or autograd refuses the second.
  public void arrive(Tensor loss) {
    requireFresh();
    AutogradThread.prepare(loss);
    loss.backward();
  }

  /// Takes in the gradient of a loss with respect to `output`, which a tape's entry or autograd made.
  public void arrive(Tensor output, Tensor gradient) {
    requireFresh();
    if (!output.h().is_leaf()) {
      output.backward(gradient);
    } else {
      accumulate(output, gradient.copy());                    // the leaf adds to it, and it is not ours
    }
  }

  /// Walks the tape back from all that arrived. The tape is spent then.
  public void backward() {
    requireFresh();
    spent = true;
    unwind();
  }

  private void requireFresh() {
    if (spent) {
      throw new IllegalStateException("this tape was walked back already and what it recorded is freed: add up the losses of one "
          + "forward before backward(), or let each arrive(...) first");
    }
  }

  /// The gradient collected so far at a leaf, to which a backward may add in place; null if there is none, and for what
  /// autograd made.
  public static @Nullable Tensor collected(Tensor leaf) {
    return leaf.h().is_leaf() ? leaf.grad() : null;
  }

  private void unwind() {
    for (int i = entries.size() - 1; i >= 0; i--) {
      var entry = entries.remove(i);
      try (var _ = TensorScope.open()) {
        step(entry);
      }
      release(entry.output);
      for (var t : entry.inputs) {
        release(t);
      }
      for (var t : entry.saved) {
        release(t);
      }
    }
  }

  /// Frees what no earlier entry needs any more, if it is ours.
  private void release(Tensor t) {
    t.uses--;
    if (t.uses <= 0 && t.depth == scope.depth) {
      t.free();
    }
  }

  private static void step(Entry entry) {
    Tensor gradient = entry.output.grad();
    if (gradient == null) {
      return;
    }
    entry.output.setGrad(null);
    @Nullable Tensor[] gradients;
    try (var _ = Grad.off()) {
      gradients = entry.backward.apply(gradient);
    }
    var roots = new ArrayList<Tensor>();
    var arriving = new ArrayList<Tensor>();
    for (int i = 0; i < entry.inputs.length; i++) {
      Tensor input = entry.inputs[i];
      Tensor g = gradients[i];
      if (g == null || !input.requiresGrad()) {
        continue;
      }
      if (input.h().is_leaf()) {
        boolean taken = Arrays.asList(gradients).indexOf(g) < i;
        accumulate(input, taken ? g.copy() : g);               // each leaf adds to a gradient of its own
      } else {
        roots.add(input);
        arriving.add(g);
      }
    }
    continueAutograd(roots, arriving);
  }

  private static void continueAutograd(List<Tensor> roots, List<Tensor> gradients) {
    if (roots.isEmpty()) {
      return;
    }
    AutogradThread.prepare(roots.getFirst());
    try (var none = new TensorVector()) {
      Calls.vector(roots, r -> Calls.vector(gradients, g -> {
        torch.backward(r, g, Calls.NO_BOOL, false, none);
        return none;
      }));
    } catch (IllegalStateException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TorchException.of("backward", e, roots.toArray(Tensor[]::new));
    }
  }

  /// Adds `g` to the gradient of a leaf, taking it over where there is none yet.
  static void accumulate(Tensor leaf, Tensor g) {
    Tensor sum = leaf.grad();
    if (sum == null) {
      leaf.setGrad(g);
    } else {
      try (var _ = Grad.off()) {
        sum.addInPlace(g);
      }
    }
  }

  @Override public void close() {
    entries.clear();
    scope.close();
  }
}
