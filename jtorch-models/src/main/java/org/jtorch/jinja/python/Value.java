package org.jtorch.jinja.python;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// A value of Python. `equals` and `hashCode` are Python's: `1 == 1.0 == True`, a list never equals a tuple.
///
/// Values do not change, but for the three that Python lets change under a template: a [Generator] that is read, and what
/// implements [HasAttributes] or [Callable] as it likes.
public sealed interface Value {
  /// Python's `bool(x)`.
  boolean isTrue();

  /// Python's `type(x).__name__`.
  String type();

  /// `None`.
  enum None implements Value {
    NONE;

    @Override public boolean isTrue() {
      return false;
    }

    @Override public String type() {
      return "NoneType";
    }
  }

  /// What Jinja has for a name, key or attribute that is not there.
  ///
  /// @param why what to say when it is used where a value is needed
  record Undefined(String why) implements Value {
    @Override public boolean isTrue() {
      return false;
    }

    @Override public String type() {
      return "Undefined";
    }

    @Override public boolean equals(@Nullable Object other) {
      return other instanceof Undefined;
    }

    @Override public int hashCode() {
      return 0;
    }
  }

  /// `bool`, `int` or `float`.
  sealed interface Numeric extends Value {
    double real();
  }

  /// `bool` or `int`; a bool counts as 0 or 1.
  sealed interface Whole extends Numeric {
    BigInteger whole();

    @Override default double real() {
      return whole().doubleValue();
    }

    @Override default boolean isTrue() {
      return whole().signum() != 0;
    }
  }

  /// `bool`.
  record Bool(boolean value) implements Whole {
    @Override public BigInteger whole() {
      return value ? BigInteger.ONE : BigInteger.ZERO;
    }

    @Override public String type() {
      return "bool";
    }

    @Override public boolean equals(@Nullable Object other) {
      return other instanceof Numeric n && Order.equal(this, n);
    }

    @Override public int hashCode() {
      return whole().hashCode();
    }
  }

  /// `int`, of any size.
  record Int(BigInteger whole) implements Whole {
    public static Int of(long value) {
      return new Int(BigInteger.valueOf(value));
    }

    @Override public String type() {
      return "int";
    }

    @Override public boolean equals(@Nullable Object other) {
      return other instanceof Numeric n && Order.equal(this, n);
    }

    @Override public int hashCode() {
      return whole.hashCode();
    }
  }

  /// `float`.
  record Real(double real) implements Numeric {
    @Override public boolean isTrue() {
      return real != 0;
    }

    @Override public String type() {
      return "float";
    }

    @Override public boolean equals(@Nullable Object other) {
      return other instanceof Numeric n && Order.equal(this, n);
    }

    @Override public int hashCode() {
      return Double.isFinite(real) && real == Math.rint(real) ? new BigDecimal(real).toBigInteger().hashCode() : Double.hashCode(real);
    }
  }

  /// `str`.
  ///
  /// @param safe whether it is markupsafe's `Markup`, to which other strings are added escaped
  record Str(String text, boolean safe) implements Value {
    public static Str of(String text) {
      return new Str(text, false);
    }

    @Override public boolean isTrue() {
      return !text.isEmpty();
    }

    @Override public String type() {
      return safe ? "Markup" : "str";
    }

    @Override public boolean equals(@Nullable Object other) {
      return other instanceof Str(String its, _) && text.equals(its);
    }

    @Override public int hashCode() {
      return text.hashCode();
    }
  }

  /// `list`.
  record ListValue(List<Value> items) implements Value {
    @Override public boolean isTrue() {
      return !items.isEmpty();
    }

    @Override public String type() {
      return "list";
    }
  }

  /// `tuple`.
  ///
  /// @param names attributes that stand for the items of a named tuple; empty for a plain one
  record Tuple(List<Value> items, List<String> names) implements Value {
    public Tuple(List<Value> items) {
      this(items, List.of());
    }

    public static Tuple of(Value... items) {
      return new Tuple(List.of(items));
    }

    @Override public boolean equals(@Nullable Object other) {
      return other instanceof Tuple t && items.equals(t.items);
    }

    @Override public int hashCode() {
      return items.hashCode();
    }

    @Override public boolean isTrue() {
      return !items.isEmpty();
    }

    @Override public String type() {
      return "tuple";
    }
  }

  /// `dict`, in the order of insertion.
  record Dict(SequencedMap<Value, Value> entries) implements Value {
    @Override public boolean isTrue() {
      return !entries.isEmpty();
    }

    @Override public String type() {
      return "dict";
    }
  }

  /// What `keys()`, `values()` and `items()` of a dict answer.
  record DictView(Part part, List<Value> items) implements Value {
    /// Which of them.
    public enum Part { KEYS, VALUES, ITEMS }

    /// Whether it equals others that hold the same.
    boolean isSet() {
      return part != Part.VALUES;
    }

    @Override public boolean isTrue() {
      return !items.isEmpty();
    }

    @Override public String type() {
      return "dict_" + part.name().toLowerCase(Locale.ROOT);
    }
  }

  /// `range(start, stop, step)`, of `size` numbers.
  record Range(long start, long stop, long step, int size) implements Value {
    Int get(int index) {
      return Int.of(start + index * step);
    }

    @Override public boolean isTrue() {
      return size > 0;
    }

    @Override public String type() {
      return "range";
    }

    /// The same numbers, however they were asked for.
    @Override public boolean equals(@Nullable Object other) {
      return other instanceof Range r && size == r.size && (size == 0 || start == r.start && (size == 1 || step == r.step));
    }

    @Override public int hashCode() {
      return Long.hashCode(size == 0 ? 0 : size * 31L + start);
    }
  }

  /// An iterator, as filters such as `map` and `select` give it: read once, always true, without a length.
  final class Generator implements Value {
    private final Iterator<Value> rest;

    public Generator(Iterator<Value> rest) {
      this.rest = rest;
    }

    public Iterator<Value> rest() {
      return rest;
    }

    @Override public boolean isTrue() {
      return true;
    }

    @Override public String type() {
      return "generator";
    }
  }

  /// An object of the interpreter with attributes of its own, such as a namespace.
  non-sealed interface HasAttributes extends Value {
    /// Null if there is no such attribute.
    @Nullable Value attribute(String name);

    @Override default boolean isTrue() {
      return true;
    }
  }

  /// A function, a method, a macro.
  non-sealed interface Callable extends Value {
    Value call(Arguments arguments);

    @Override default boolean isTrue() {
      return true;
    }

    @Override default String type() {
      return "function";
    }
  }
}
