package org.jtorch.tensor;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// The arenas of the segments through which Java sees one tensor's memory. Each belongs to the thread that asked for it and
/// ends with the scope in which that was, or with the tensor if that is freed first: late access throws in the JDK.
final class Loans {
  private final List<Arena> arenas = new ArrayList<>();

  /// A new one, bounded by this thread's innermost scope.
  synchronized Arena open() {
    arenas.removeIf(a -> !a.scope().isAlive());
    var arena = Arena.ofConfined();
    TensorScope.innermost().bound(arena);
    arenas.add(arena);
    return arena;
  }

  /// Ends them all: their tensor is about to be freed.
  ///
  /// @throws WrongThreadException if another thread still has one
  synchronized void end() {
    arenas.stream().filter(a -> a.scope().isAlive()).forEach(Arena::close);
    arenas.clear();
  }
}
