package org.jtorch.longcontext;

/// Whether the model uses a long context: whether it finds a needle at any depth of any length.
@FunctionalInterface
public interface LongContext {
  /// Asks about all lengths up to this one.
  Found find(int length);

  /// @param found of `asked` needles
  record Found(long found, long asked) {
    public boolean perfect() {
      return found == asked;
    }
  }
}
