package org.jtorch.recipes.config;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// Single values: text as written in YAML to a number, a boolean, a text, a path or an enum constant.
///
/// YAML 1.1 would read `1e-3` as text, `no` as false and `010` as eight; here the record's type decides.
final class Scalars {
  private static final Pattern WHOLE = Pattern.compile("[-+]?(0|[1-9](_?[0-9])*)");
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?([0-9](_?[0-9])*\\.?([0-9](_?[0-9])*)?|\\.[0-9](_?[0-9])*)([eE][-+]?[0-9]{1,3})?");
  private static final Set<Class<?>> PLAIN = Set.of(int.class, Integer.class, long.class, Long.class, double.class,
      Double.class, boolean.class, Boolean.class, String.class, Path.class, Reference.class);

  private Scalars() {}

  static boolean isScalar(Type type) {
    return type instanceof Class<?> c && (PLAIN.contains(c) || c.isEnum());
  }

  /// What a value of this type looks like, in words, for "expected ...".
  static String expected(Type type) {
    if (type instanceof ParameterizedType p) {
      String item = expected(p.getActualTypeArguments()[p.getActualTypeArguments().length - 1]);
      return p.getRawType() == List.class ? "a list, each item " + item : "a block of named entries, each " + item;
    }
    var c = (Class<?>) type;
    if (c == int.class || c == Integer.class || c == long.class || c == Long.class) return "a whole number such as 1000";
    if (c == double.class || c == Double.class) return "a number such as 0.1 or 3e-4";
    if (c == boolean.class || c == Boolean.class) return "true or false";
    if (c == Path.class) return "a path such as data/train.bin";
    if (c == Reference.class) return "the name of an earlier stage or the path of a folder";
    if (c == Shared.class) return "a block of keys";
    if (c == String.class) return "a text";
    if (c.isEnum()) return "one of " + String.join(", ", constants(c));
    if (c.isSealed()) return "a block with type: one of " + String.join(", ", Key.choices(c).keySet());
    return "a block with the keys " + String.join(", ", Key.of(c).keySet());
  }

  /// A value of this type to show behind `key:`.
  static String example(Type type) {
    if (type instanceof ParameterizedType p) {
      return p.getRawType() == List.class ? "[" + example(p.getActualTypeArguments()[0]) + "]"
          : "{name: " + example(p.getActualTypeArguments()[1]) + "}";
    }
    var c = (Class<?>) type;
    if (c == double.class || c == Double.class) return "0.1";
    if (c == boolean.class || c == Boolean.class) return "true";
    if (c == Path.class) return "data/train.bin";
    if (c == Reference.class) return "core";
    if (c == String.class) return "text";
    if (c.isEnum()) return constants(c).getFirst();
    if (c.isSealed()) {
      var first = Key.choices(c).firstEntry();
      String keys = block(first.getValue());
      return "{type: " + first.getKey() + (keys.isEmpty() ? "" : ", ") + keys + "}";
    }
    return c.isRecord() ? "{" + block(c) + "}" : "1000";
  }

  private static String block(Class<?> record) {
    var keys = Key.of(record).values().stream().filter(Key::required).toList();
    return String.join(", ", keys.stream().map(k -> k.name() + ": " + (isScalar(k.type()) ? example(k.type()) : "...")).toList());
  }

  static List<String> constants(Class<?> type) {
    return Arrays.stream(type.getEnumConstants()).map(c -> constant((Enum<?>) c)).toList();
  }

  private static String constant(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /// Converts, or throws IllegalArgumentException saying what is expected.
  static Object convert(Class<?> type, String text, boolean quoted) {
    if (type == String.class) return text;
    if (type == Path.class) return path(text);
    if (type == Reference.class) return new Reference(text);
    if (type.isEnum()) return constant(type, text);
    if (quoted) {
      throw new IllegalArgumentException("expected " + expected(type) + ", got the text \"" + text + "\"; drop the quotes");
    }
    if (type == boolean.class || type == Boolean.class) return bool(text);
    if (type == double.class || type == Double.class) return number(text);
    long whole = whole(text);
    if (type == long.class || type == Long.class) return whole;
    if (whole != (int) whole) throw new IllegalArgumentException(text + " is too large; the limit is " + Integer.MAX_VALUE);
    return (int) whole;
  }

  private static Path path(String text) {
    try {
      if (!text.isEmpty()) return Path.of(text);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("expected a path such as data/train.bin, got \"" + text + "\": " + e.getReason(), e);
    }
    throw new IllegalArgumentException("expected a path such as data/train.bin, got an empty text; \".\" is this folder");
  }

  private static Object constant(Class<?> type, String text) {
    for (Object c : type.getEnumConstants()) {
      if (constant((Enum<?>) c).equals(Names.loose(text))) return c;
    }
    throw new IllegalArgumentException("unknown value \"" + text + "\"" + Suggest.hint(text, constants(type)));
  }

  private static boolean bool(String text) {
    return switch (text) {
      case "true", "True", "TRUE" -> true;
      case "false", "False", "FALSE" -> false;
      default -> throw new IllegalArgumentException("expected true or false, got " + text);
    };
  }

  private static double number(String text) {
    if (!NUMBER.matcher(text).matches()) throw mismatch(double.class, text);
    double d = Double.parseDouble(text.replace("_", ""));
    if (Double.isInfinite(d)) throw new IllegalArgumentException(text + " is too large for a number");
    return d;
  }

  private static long whole(String text) {
    if (!WHOLE.matcher(text).matches() && (!NUMBER.matcher(text).matches() || !text.matches(".*[eE.].*"))) {
      throw mismatch(long.class, text);
    }
    if (Math.abs(number(text)) > 1e19) throw new IllegalArgumentException(text + " is too large for a whole number");
    try {
      return new BigDecimal(text.replace("_", "")).longValueExact();
    } catch (ArithmeticException e) {
      throw mismatch(long.class, text);
    }
  }

  private static IllegalArgumentException mismatch(Class<?> type, String text) {
    return new IllegalArgumentException("expected " + expected(type) + ", got \"" + text + "\"");
  }
}
