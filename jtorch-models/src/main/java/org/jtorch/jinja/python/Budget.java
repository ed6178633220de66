package org.jtorch.jinja.python;

import java.math.BigInteger;

/// What is left of the [Limits] during one rendering. Whatever grows asks here before it does.
public final class Budget {
  /// What Python turns into text: 4,300 digits.
  private static final int MOST_BITS = 14_284;
  private static final int READ_AT_ONCE = 100;
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

  /// Looking at characters, which is quick.
  public void reading(long characters) {
    steps(characters / READ_AT_ONCE);
  }

  /// Looking for a part in a text, which may take as many comparisons as the lengths' product.
  public void searching(String text, String part) {
    reading(text.length() * (long) Math.max(1, part.length()));
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
    steps(value.bitLength() / Long.SIZE);
    return new Value.Int(value);
  }

  /// Asks for an integer of so many binary digits.
  void bits(double count) {
    if (count > MOST_BITS) {
      throw new PythonException("an integer of more than " + MOST_BITS + " binary digits; templates need no such numbers");
    }
  }
}
