package org.jtorch.chat;

import java.beans.FeatureDescriptor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import org.jspecify.annotations.Nullable;

/// The methods of Python's strings that chat templates call, with Python's meaning: `'a.b'.split('.')` knows no regular
/// expressions, `lstrip('\n')` takes characters. Also one character by its index, and `get` of
/// a dictionary with a default.
///
/// A wrong call is an IllegalStateException: an IllegalArgumentException the engine would take for "no such method".
final class PythonStrings extends ELResolver {
  private static final Pattern INDEX = Pattern.compile("-?\\d{1,9}");

  @Override
  public @Nullable Object invoke(ELContext context, @Nullable Object base, @Nullable Object method, Class<?> @Nullable [] types,
      Object @Nullable [] given) {
    Object[] parameters = given == null ? new Object[0] : given;
    Object result = switch (base) {
      case String text -> string(text, String.valueOf(method), parameters);
      case Map<?, ?> map when "get".equals(method) && parameters.length == 2 ->
          map.containsKey(parameters[0]) ? map.get(parameters[0]) : parameters[1];
      case null, default -> null;
    };
    if (result != null) {
      context.setPropertyResolved(true);
    }
    return result;
  }

  private static @Nullable Object string(String text, String method, Object[] p) {
    return switch (method) {
      case "startswith" -> any(method, p, text::startsWith);
      case "endswith" -> any(method, p, text::endsWith);
      case "strip" -> strip(text, p, true, true);
      case "lstrip" -> strip(text, p, true, false);
      case "rstrip" -> strip(text, p, false, true);
      case "split" -> split(text, p);
      case "splitlines" -> text.lines().toList();
      case "upper" -> text.toUpperCase(Locale.ROOT);
      case "lower" -> text.toLowerCase(Locale.ROOT);
      case "capitalize" -> text.isEmpty() ? text
          : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1).toLowerCase(Locale.ROOT);
      case "replace" -> text.replace(argument(method, p, 0), argument(method, p, 1));
      case "find" -> (long) text.indexOf(argument(method, p, 0));
      case "count" -> count(text, argument(method, p, 0));
      default -> null;
    };
  }

  private static String argument(String method, Object[] p, int index) {
    if (index >= p.length) {
      throw new IllegalStateException("`" + method + "` of a string needs " + (index + 1) + " arguments but has " + p.length);
    }
    return String.valueOf(p[index]);
  }

  private static boolean any(String method, Object[] p, Predicate<String> test) {
    String only = argument(method, p, 0);
    return p[0] instanceof List<?> options ? options.stream().map(String::valueOf).anyMatch(test) : test.test(only);
  }

  private static long count(String text, String part) {
    return part.isEmpty() ? text.codePointCount(0, text.length()) + 1L : text.split(Pattern.quote(part), -1).length - 1L;
  }

  private static String strip(String text, Object[] p, boolean left, boolean right) {
    String characters = p.length == 0 || p[0] == null ? null : String.valueOf(p[0]);
    int start = 0;
    int end = text.length();
    while (left && start < end && stripped(text.charAt(start), characters)) {
      start++;
    }
    while (right && end > start && stripped(text.charAt(end - 1), characters)) {
      end--;
    }
    return text.substring(start, end);
  }

  private static boolean stripped(char c, @Nullable String characters) {
    return characters == null ? Character.isWhitespace(c) || Character.isSpaceChar(c) : characters.indexOf(c) >= 0;
  }

  private static List<String> split(String text, Object[] p) {
    if (p.length == 0 || p[0] == null) {
      return Arrays.stream(text.strip().split("\\s+", -1)).filter(w -> !w.isEmpty()).toList();
    }
    String separator = String.valueOf(p[0]);
    if (separator.isEmpty()) {
      throw new IllegalStateException("`split` of a string needs a separator that is not empty, or none for white space");
    }
    long limit = p.length > 1 && p[1] instanceof Number n && n.longValue() >= 0 ? n.longValue() : Long.MAX_VALUE;
    var parts = new ArrayList<String>();
    int from = 0;
    for (int at; parts.size() < limit && (at = text.indexOf(separator, from)) >= 0; from = at + separator.length()) {
      parts.add(text.substring(from, at));
    }
    parts.add(text.substring(from));
    return parts;
  }

  @Override
  public @Nullable Object getValue(ELContext context, @Nullable Object base, @Nullable Object property) {
    if (base instanceof String text && INDEX.matcher(String.valueOf(property)).matches()) {
      int n = Integer.parseInt(String.valueOf(property));
      int index = n < 0 ? n + text.length() : n;
      if (index >= 0 && index < text.length()) {
        context.setPropertyResolved(true);
        return text.substring(index, index + 1);
      }
    }
    return null;
  }

  @Override
  public @Nullable Class<?> getType(ELContext context, @Nullable Object base, @Nullable Object property) {
    return null;
  }

  @Override
  public void setValue(ELContext context, @Nullable Object base, @Nullable Object property, @Nullable Object value) {
    throw new UnsupportedOperationException("chat templates cannot set " + Objects.toString(property));
  }

  @Override
  public boolean isReadOnly(ELContext context, @Nullable Object base, @Nullable Object property) {
    return true;
  }

  @Override
  public @Nullable Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, @Nullable Object base) {
    return null;
  }

  @Override
  public @Nullable Class<?> getCommonPropertyType(ELContext context, @Nullable Object base) {
    return Object.class;
  }
}
