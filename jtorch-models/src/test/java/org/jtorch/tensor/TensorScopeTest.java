package org.jtorch.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The nine rules of life times, one by one.
@SuppressWarnings("MustBeClosedChecker")
class TensorScopeTest {
  private long before;

  @BeforeAll static void loadConstants() {
    try (var _ = TensorScope.open()) {
      assertThat(ones().add(1).toFloats()).containsExactly(2, 2);
    }
  }

  @BeforeEach void count() {
    assertThat(TensorScope.stats().live()).isZero();
    before = TensorScope.stats().nativeObjects();
  }

  @AfterEach void nothingLeaks() {
    assertThat(TensorScope.stats().live()).isZero();
    assertThat(TensorScope.stats().nativeObjects()).isEqualTo(before);
  }

  @Test void birthOutsideOfAScopeThrowsAndFreesTheTensor() {
    assertThatIllegalStateException().isThrownBy(() -> Ops.zeros(DType.F32, Device.CPU, 2))
        .withMessageStartingWith("no TensorScope is open on thread " + Thread.currentThread().getName())
        .withMessageContaining("try (var _ = TensorScope.open())");
  }

  @Test void closingFreesWhatWasBornInside() {
    Tensor inner;
    try (var _ = TensorScope.open()) {
      Tensor outer = ones();
      try (var _ = TensorScope.open()) {
        inner = outer.add(outer);
        assertThat(TensorScope.stats().live()).isEqualTo(2);
      }
      assertThat(inner.isAlive()).isFalse();
      assertThat(outer.isAlive()).isTrue();
      assertThat(TensorScope.stats().live()).isEqualTo(1);
    }
  }

  @Test void scopesCloseInnermostFirst() {
    var outer = TensorScope.open();
    var inner = TensorScope.open();
    Tensor t = ones();
    assertThatIllegalStateException().isThrownBy(outer::close).withMessageContaining("innermost first");
    assertThat(t.isAlive()).isTrue();
    inner.close();
    outer.close();
  }

  @Test void scopesCloseOnce() {
    var scope = TensorScope.open();
    scope.close();
    assertThatIllegalStateException().isThrownBy(scope::close).withMessageContaining("closed already");
  }

  @Test void scopesCloseOnTheirOwnThread() throws InterruptedException {
    try (var scope = TensorScope.open()) {
      Tensor t = ones();
      var failure = inThread(scope::close);
      assertThat(failure).isInstanceOf(WrongThreadException.class).hasMessageContaining(Thread.currentThread().getName());
      assertThat(t.isAlive()).isTrue();
    }
  }

  @Test void otherThreadsHaveScopesOfTheirOwn() throws InterruptedException {
    try (var _ = TensorScope.open()) {
      assertThat(inThread(TensorScopeTest::ones)).isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("no TensorScope is open on thread other");
    }
  }

  @Test void virtualThreadsAreRefused() throws InterruptedException {
    var failure = new AtomicReference<@Nullable Throwable>();
    Thread.ofVirtual().start(() -> {
      try (var _ = TensorScope.open()) {
        failure.set(null);
      } catch (IllegalStateException e) {
        failure.set(e);
      }
    }).join();
    assertThat(failure.get()).hasMessageContaining("platform thread");
  }

  @Test void promoteMovesToTheParentAndNoFurther() {
    Tensor t;
    try (var _ = TensorScope.open()) {
      try (var _ = TensorScope.open()) {
        try (var inner = TensorScope.open()) {
          t = inner.promote(ones());
          assertThat(inner.promote(t)).as("a second time it is not ours any more").isSameAs(t);
        }
        assertThat(t.isAlive()).isTrue();
      }
      assertThat(t.isAlive()).isFalse();
    }
  }

  @Test void promoteFromTheOutermostScopeThrows() {
    try (var scope = TensorScope.open()) {
      Tensor t = ones();
      assertThatIllegalStateException().isThrownBy(() -> scope.promote(t)).withMessageContaining("nowhere to go");
      assertThat(t.isAlive()).isTrue();
    }
  }

  @Test void promoteIgnoresWhatIsNotOurs() {
    try (var owner = new TensorOwner(); var _ = TensorScope.open()) {
      Tensor input = ones();
      Tensor parameter = owner.own(ones());
      try (var inner = TensorScope.open()) {
        assertThat(inner.promote(input)).isSameAs(input);
        assertThat(inner.promote(parameter)).isSameAs(parameter);
      }
      assertThat(input.isAlive()).isTrue();
      assertThat(parameter.isAlive()).isTrue();
    }
  }

  @Test void adoptMovesAcrossSeveralScopes() {
    try (var outer = TensorScope.open()) {
      Tensor t;
      try (var _ = TensorScope.open(); var _ = TensorScope.open()) {
        t = outer.adopt(ones());
      }
      assertThat(t.toFloats()).containsExactly(1, 1);
    }
  }

  @Test void closedScopesTakeNothing() {
    try (var _ = TensorScope.open()) {
      var closed = TensorScope.open();
      closed.close();
      try (var _ = TensorScope.open()) {
        Tensor t = ones();
        assertThatIllegalStateException().isThrownBy(() -> closed.promote(t)).withMessageContaining("closed already");
        assertThatIllegalStateException().isThrownBy(() -> closed.adopt(t)).withMessageContaining("closed already");
      }
    }
  }

  @Test void scopesOfOtherThreadsTakeNothing() throws InterruptedException {
    try (var scope = TensorScope.open()) {
      var failure = inThread(() -> {
        try (var _ = TensorScope.open(); var _ = TensorScope.open()) {
          scope.adopt(ones());
        }
      });
      assertThat(failure).isInstanceOf(WrongThreadException.class);
    }
  }

  @Test void groupsMoveTogether() {
    try (var outer = TensorScope.open()) {
      Pair near;
      Pair far;
      Tensor dead;
      try (var middle = TensorScope.open()) {
        try (var inner = TensorScope.open()) {
          near = inner.promote(new Pair(ones(), ones()));
          far = outer.adopt(new Pair(ones(), ones()));
          dead = ones();
        }
        assertThat(near.a().isAlive() && near.b().isAlive()).isTrue();
        assertThat(dead.isAlive()).isFalse();
        assertThat(middle.promote(ones()).isAlive()).isTrue();
      }
      assertThat(near.a().isAlive() || near.b().isAlive()).isFalse();
      assertThat(far.a().isAlive() && far.b().isAlive()).isTrue();
    }
  }

  @Test void ownersOutliveScopesAndFreeOnce() {
    var owner = new TensorOwner();
    Tensor t;
    Tensor early;
    try (var _ = TensorScope.open()) {
      t = owner.own(ones());
      early = owner.own(ones());
    }
    assertThat(t.isAlive()).isTrue();
    owner.release(early);
    assertThat(early.isAlive()).isFalse();
    assertThatThrownBy(() -> owner.release(early)).isInstanceOf(IllegalArgumentException.class);
    owner.close();
    assertThat(t.isAlive()).isFalse();
    assertThatIllegalStateException().isThrownBy(owner::close).withMessageContaining("closed already");
    try (var _ = TensorScope.open()) {
      Tensor late = ones();
      assertThatIllegalStateException().isThrownBy(() -> owner.own(late)).withMessageContaining("closed already");
    }
  }

  @Test void ownersCloseResourcesAfterTheTensors() {
    var seen = new AtomicReference<@Nullable Boolean>();
    var owner = new TensorOwner();
    try (var _ = TensorScope.open()) {
      Tensor t = owner.own(ones());
      owner.closeLater(() -> seen.set(t.isAlive()));
    }
    owner.close();
    assertThat(seen.get()).isFalse();
  }

  @Test void survivorsSlideDown() {
    try (var outer = TensorScope.open()) {
      var kept = new Tensor[3];
      for (int round = 0; round < 3; round++) {
        try (var inner = TensorScope.open()) {
          for (int i = 0; i < 400; i++) {            // more than the stack's first size
            Tensor t = ones();
            if (i == 399) {
              kept[round] = inner.promote(t);
            }
          }
        }
        assertThat(TensorScope.stats().live()).isEqualTo(round + 1);
      }
      assertThat(kept).allMatch(Tensor::isAlive);
      assertThat(outer.adopt(kept[0]).toFloats()).containsExactly(1, 1);
    }
  }

  @Test void aFreedTensorSaysSo() {
    Tensor t;
    try (var _ = TensorScope.open()) {
      t = ones();
      assertThat(t).hasToString("f32 [2] on cpu");
    }
    assertThat(t).hasToString("a freed tensor");
    assertThatIllegalStateException().isThrownBy(t::shape).withMessageContaining("its scope is closed");
    try (var _ = TensorScope.open()) {
      Tensor alive = ones();
      assertThatIllegalStateException().isThrownBy(() -> alive.add(t)).withMessageContaining("freed");
      assertThatIllegalStateException().isThrownBy(() -> t.addInPlace(alive)).withMessageContaining("freed");
      assertThatIllegalStateException().isThrownBy(() -> Ops.cat(0, alive, t)).withMessageContaining("freed");
    }
  }

  @Test void segmentsDieWithTheirScope() {
    MemorySegment segment;
    try (var _ = TensorScope.open()) {
      Tensor outer = ones();
      try (var _ = TensorScope.open()) {
        segment = outer.asSegment();
        assertThat(segment.getAtIndex(ValueLayout.JAVA_FLOAT, 1)).isEqualTo(1);
      }
      assertThatIllegalStateException().isThrownBy(() -> segment.get(ValueLayout.JAVA_FLOAT, 0))
          .withMessageContaining("Already closed");
    }
  }

  @Test void segmentsDieWithTheirTensor() {
    MemorySegment early;
    MemorySegment owned;
    try (var _ = TensorScope.open()) {
      try (var owner = new TensorOwner()) {
        Tensor released = owner.own(ones());
        early = released.asSegment();
        owner.release(released);
        assertThatIllegalStateException().isThrownBy(() -> early.get(ValueLayout.JAVA_FLOAT, 0)).withMessageContaining("Already closed");
        owned = owner.own(ones()).asSegment();
        assertThat(owned.getAtIndex(ValueLayout.JAVA_FLOAT, 1)).isEqualTo(1);
      }
      assertThatIllegalStateException().isThrownBy(() -> owned.get(ValueLayout.JAVA_FLOAT, 0)).withMessageContaining("Already closed");
    }
  }

  @Test void anOwnerCannotFreeWhatAnotherThreadReads() throws InterruptedException {
    try (var _ = TensorScope.open(); var owner = new TensorOwner()) {
      Tensor t = owner.own(ones());
      var segment = t.asSegment();
      assertThat(inThread(() -> owner.release(t))).isInstanceOf(WrongThreadException.class);
      assertThat(segment.getAtIndex(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(1);
      assertThat(t.isAlive()).isTrue();
      assertThat(inThread(() -> segment.get(ValueLayout.JAVA_FLOAT, 0))).isInstanceOf(WrongThreadException.class);
    }
  }

  @Test void tensorsInAScopeBelongToItsThread() throws InterruptedException {
    try (var _ = TensorScope.open(); var owner = new TensorOwner()) {
      Tensor here = ones();
      Tensor shared = owner.own(ones());
      List<Function<Tensor, Object>> uses = List.of(t -> t.toFloats(), t -> t.numel(), t -> t.addInPlace(t),
          t -> Ops.cat(0, shared, t).item(), t -> shared.add(t).item(), t -> owner.own(t), t -> t.asSegment(), t -> Ops.where(shared, shared, t));
      for (var use : uses) {
        assertThat(inThread(() -> {
          try (var _ = TensorScope.open()) {
            var _ = use.apply(here);
          }
        })).isInstanceOf(WrongThreadException.class).hasMessageContaining("a tensor that lives in a scope of thread")
            .hasMessageContaining("used on other");
      }
      assertThat(inThread(() -> {
        try (var _ = TensorScope.open(); var inner = TensorScope.open()) {
          inner.promote(here);
        }
      })).isInstanceOf(WrongThreadException.class);
      assertThat(inThread(() -> {
        try (var _ = TensorScope.open()) {
          shared.add(1).addInPlace(shared);
        }
      })).isNull();
      assertThat(here.toFloats()).containsExactly(1, 1);
    }
  }

  @Test void readsIntoJavaAreCounted() {
    try (var _ = TensorScope.open()) {
      long before = TensorScope.stats().hostReads();
      double sum = ones().add(ones()).sum().item() + ones().toFloats()[0] + ones().sum().itemLong();
      assertThat(sum).isEqualTo(7);
      assertThat(TensorScope.stats().hostReads()).isEqualTo(before + 3);
    }
  }

  @Test void aliasesStayInTheirScope() {
    try (var arena = Arena.ofConfined(); var outer = TensorScope.open()) {
      var memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 4);
      Tensor own;
      Tensor wide;
      try (var inner = TensorScope.open()) {
        Tensor alias = Tensor.alias(memory, DType.F32, 2, 2);
        for (var view : new Tensor[] {alias, alias.t(), alias.view(4), alias.narrow(0, 0, 1), alias.split(1, 0).getFirst(),
            alias.detach(), alias.contiguous(), alias.to(DType.F32)}) {
          assertThatIllegalStateException().isThrownBy(() -> inner.promote(view)).withMessageContaining("cannot be promoted");
          assertThatIllegalStateException().isThrownBy(() -> outer.adopt(view)).withMessageContaining("cannot be adopted");
        }
        own = inner.promote(alias.copy());
        wide = inner.promote(alias.to(DType.F64));       // converting made a copy: nothing to refuse
      }
      assertThat(own.toFloats()).containsExactly(1, 2, 3, 4);
      assertThat(wide.toFloats()).containsExactly(1, 2, 3, 4);
    }
  }

  @Test void peakIsTheMostAtOnce() {
    try (var _ = TensorScope.open()) {
      TensorScope.resetPeak();
      try (var _ = TensorScope.open()) {
        Tensor a = ones();
        Tensor b = a.add(a).add(a);
        assertThat(b.toFloats()).containsExactly(3, 3);
      }
      assertThat(ones().isAlive()).isTrue();
      assertThat(TensorScope.stats().live()).isEqualTo(1);
      assertThat(TensorScope.stats().peak()).isGreaterThanOrEqualTo(3);
      TensorScope.resetPeak();
      assertThat(TensorScope.stats().peak()).isEqualTo(1);
    }
  }

  @Test void theEscapeHatchBorrowsAndAdopts() {
    try (var _ = TensorScope.open()) {
      Tensor t = ones();
      Tensor doubled = UnsafeJavaCpp.adopt(UnsafeJavaCpp.borrow(t).add(UnsafeJavaCpp.borrow(t)));
      assertThat(doubled.toFloats()).containsExactly(2, 2);
    }
    var orphan = new Tensor[1];
    try (var _ = TensorScope.open()) {
      orphan[0] = ones();
    }
    assertThatIllegalStateException().isThrownBy(() -> UnsafeJavaCpp.borrow(orphan[0]));
  }

  record Pair(Tensor a, Tensor b) implements TensorGroup {
    @Override public void forEachTensor(Consumer<Tensor> action) {
      action.accept(a);
      action.accept(b);
    }
  }

  static Tensor ones() {
    return Ops.ones(DType.F32, Device.CPU, 2);
  }

  /// What `body` throws in a thread called "other", or null.
  static @Nullable Throwable inThread(Runnable body) throws InterruptedException {
    var failure = new AtomicReference<@Nullable Throwable>();
    var thread = Thread.ofPlatform().name("other").start(() -> {
      try {
        body.run();
      } catch (RuntimeException e) {
        failure.set(e);
      }
    });
    thread.join();
    return failure.get();
  }
}
