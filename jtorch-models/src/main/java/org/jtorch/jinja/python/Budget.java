package org.jtorch.jinja.python;

import java.math.BigInteger;

/// What is left of the [Limits] during one rendering. Whatever grows asks here before it does.
public final class Budget {
  private static final int MOST_BITS = 100_000;
  private final Limits limits;
  private long steps;
  private long characters;
  private int depth;

  public Budget(Limits limits) {
    this.limits = limits;
  }

  /// @throws PythonException if that is more than the template may do
  public void steps(long count) {
    steps = sum(steps, count);
    if (steps > limits.steps()) {
      throw new PythonException("the template takes more than " + limits.steps() + " steps; it runs away or is no chat template");
    }
  }

  /// @throws PythonException if that is more than the template may write
  public void characters(long count) {
    characters = sum(characters, count);
    if (characters > limits.characters()) {
      throw new PythonException("the template writes more than " + limits.characters()
          + " characters; it runs away or is no chat template");
    }
  }

  private static long sum(long a, long b) {
    long sum = a + Math.max(0, b);
    return sum < a ? Long.MAX_VALUE : sum;
  }

  /// Goes one level deeper; [#leave] comes back.
  public void enter() {
    if (++depth > limits.depth()) {
      throw new PythonException("the template nests or calls itself deeper than " + limits.depth() + " levels");
    }
  }

  public void leave() {
    depth--;
  }

  /// The string as a value, paid for.
  public Value text(String text) {
    characters(text.length());
    return Value.Str.of(text);
  }

  Value whole(BigInteger value) {
    bits(value.bitLength());
    return new Value.Int(value);
  }

  /// Asks for an integer of so many binary digits.
  void bits(double count) {
    if (count > MOST_BITS) {
      throw new PythonException("an integer of more than " + MOST_BITS + " binary digits; templates need no such numbers");
    }
  }
}
