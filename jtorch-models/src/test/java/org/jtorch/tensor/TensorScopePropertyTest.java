package org.jtorch.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.BeforeTry;
import org.jspecify.annotations.Nullable;

/// Random opens, births, promotions, adoptions and closes against a model made of sets.
class TensorScopePropertyTest {
  private final Deque<TensorScope> scopes = new ArrayDeque<>();
  private final Deque<Set<Tensor>> model = new ArrayDeque<>();
  private final Map<TensorScope, Set<Tensor>> homes = new HashMap<>();
  private final List<Tensor> all = new ArrayList<>();
  private final Set<Tensor> owned = new HashSet<>();

  @BeforeTry void reset() {
    while (!scopes.isEmpty()) {                              // a failed try leaves its scopes open
      scopes.pop().close();
    }
    model.clear();
    homes.clear();
    all.clear();
    owned.clear();
  }

  @Property(tries = 300) @SuppressWarnings("MustBeClosedChecker")
  void everyTensorLivesExactlyAsLongAsItsScope(@ForAll @Size(max = 60) List<@IntRange(max = 5_999) Integer> steps) {
    try (var owner = new TensorOwner()) {
      open();
      for (int step : steps) {
        act(step % 6, step / 6, owner);
        check();
      }
      while (!scopes.isEmpty()) {
        close();
        check();
      }
      assertThat(TensorScope.stats().live()).isZero();
    }
    assertThat(all).noneMatch(Tensor::isAlive);
  }

  private void act(int action, int choice, TensorOwner owner) {
    switch (action) {
      case 0 -> open();
      case 1, 2 -> born(all.isEmpty() ? null : all.get(choice % all.size()));
      case 3 -> promote(choice);
      case 4 -> adoptOrOwn(choice, owner);
      default -> {
        if (scopes.size() > 1) {
          close();
        }
      }
    }
  }

  @SuppressWarnings("MustBeClosedChecker")
  private void open() {
    var scope = TensorScope.open();
    var home = new HashSet<Tensor>();
    scopes.push(scope);
    model.push(home);
    homes.put(scope, home);
  }

  private void born(@Nullable Tensor from) {
    Tensor t = from != null && from.isAlive() ? from.view(-1) : Ops.zeros(DType.U8, Device.CPU, 1);
    all.add(t);
    model.getFirst().add(t);
  }

  private void promote(int choice) {
    if (all.isEmpty()) {
      return;
    }
    Tensor t = all.get(choice % all.size());
    boolean ours = model.getFirst().contains(t);
    if (!t.isAlive()) {
      return;
    }
    if (ours && scopes.size() == 1) {
      assertThatThrownBy(() -> scopes.getFirst().promote(t)).isInstanceOf(IllegalStateException.class);
      return;
    }
    assertThat(scopes.getFirst().promote(t)).isSameAs(t);
    if (ours) {
      model.getFirst().remove(t);
      model.stream().skip(1).findFirst().orElseThrow().add(t);
    }
  }

  private void adoptOrOwn(int choice, TensorOwner owner) {
    if (all.isEmpty()) {
      return;
    }
    Tensor t = all.get(choice % all.size());
    if (!t.isAlive() || owned.contains(t)) {
      return;
    }
    if (choice % 7 == 0) {
      owner.own(t);
      owned.add(t);
      model.forEach(home -> home.remove(t));
      return;
    }
    var target = new ArrayList<>(scopes).get(choice % scopes.size());
    var sets = new ArrayList<>(model);
    int to = choice % scopes.size();                         // 0 is the innermost
    target.adopt(t);
    for (int i = 0; i < to; i++) {
      if (sets.get(i).remove(t)) {
        Objects.requireNonNull(homes.get(target)).add(t);
      }
    }
  }

  private void close() {
    scopes.pop().close();
    model.pop();
  }

  private void check() {
    for (var t : all) {
      boolean expected = owned.contains(t) || model.stream().anyMatch(home -> home.contains(t));
      assertThat(t.isAlive()).isEqualTo(expected);
    }
  }
}
