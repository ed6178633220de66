package org.jtorch.chat;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.ChatTemplate.Message;

/// Secret marks in a conversation on its way through a template. They tell afterwards which special tokens the
/// template wrote (those in messages are broken by a mark) and where the assistant's text begins and ends.
///
/// A mark is thirty random digits and one more for its kind, so filters such as `trim`, `upper` or `tojson` leave it
/// alone and nobody can write one.
final class ChatMarks {
  private static final int DIGITS = 30;
  private final String secret;
  private final List<String> specials;
  private final Map<Character, List<String>> byFirst;

  /// @param specials names of the special tokens, and of others that messages must not hold whole
  ChatMarks(Iterable<String> specials) {
    var random = new SecureRandom();
    var digits = new StringBuilder();
    for (int i = 0; i < DIGITS; i++) {
      digits.append((char) ('0' + random.nextInt(10)));
    }
    this.secret = digits.toString();
    var sorted = new ArrayList<String>();
    specials.forEach(sorted::add);
    sorted.sort(Comparator.comparingInt(String::length).reversed());
    this.specials = List.copyOf(sorted);
    this.byFirst = sorted.stream().collect(Collectors.groupingBy(s -> s.charAt(0)));
  }

  private String guard() {
    return secret + '0';
  }

  /// Whether a mark begins at an offset; its last character is its kind: `0` for a guard, `1` and `2` for [#begin] and [#end].
  boolean at(String text, int offset) {
    return text.startsWith(secret, offset);
  }

  int length() {
    return DIGITS + 1;
  }

  String begin() {
    return secret + '1';
  }

  String end() {
    return secret + '2';
  }

  /// The chat without a whole special token in any text, and without an end or a beginning that the template's own text around
  /// it could complete to one.
  Chat guarded(Chat chat) {
    return new Chat(chat.messages().stream().map(this::guarded).toList(), guardedAll(chat.tools()), guardedAll(chat.documents()),
        fields(chat.variables()));
  }

  private Message guarded(Message message) {
    var fields = fields(message.fields());
    fields.put("role", inside(message.role()));
    return new Message(fields);
  }

  private Map<String, Object> fields(Map<String, Object> fields) {
    var all = new LinkedHashMap<String, Object>();
    fields.forEach((key, value) -> all.put(key, guarded(value)));
    return all;
  }

  private @Nullable List<Object> guardedAll(@Nullable List<Object> values) {
    return values == null ? null : new ArrayList<>(values.stream().map(this::guarded).toList());
  }

  @SuppressWarnings("NullAway") // null is a value of JSON
  private Object guarded(@Nullable Object value) {
    return switch (value) {
      case String s -> guarded(s);
      case List<?> list -> list.stream().map(this::guarded).collect(Collectors.toCollection(ArrayList::new));
      case Map<?, ?> map -> {
        var all = new LinkedHashMap<Object, Object>();
        map.forEach((key, item) -> all.put(key instanceof String s ? inside(s) : key, guarded(item)));
        yield all;
      }
      case null, default -> value;
    };
  }

  private String guarded(String content) {
    String text = content.strip();
    boolean head = specials.stream().anyMatch(s -> begins(text, s));
    boolean tail = specials.stream().anyMatch(s -> ends(text, s));
    if (!head && !tail) {
      return inside(content);
    }
    int start = content.indexOf(text);
    return content.substring(0, start) + (head ? guard() : "") + inside(text) + (tail ? guard() : "")
        + content.substring(start + text.length());
  }

  /// Whether text begins with what is left of a special token when its head is cut off.
  private static boolean begins(String text, String special) {
    for (int i = 1; i < special.length(); i++) {
      if (text.startsWith(special.substring(i))) {
        return true;
      }
    }
    return false;
  }

  private static boolean ends(String text, String special) {
    for (int i = 1; i < special.length(); i++) {
      if (text.endsWith(special.substring(0, i))) {
        return true;
      }
    }
    return false;
  }

  private String inside(String text) {
    StringBuilder broken = null;
    int copied = 0;
    for (int i = 0; i < text.length(); i++) {
      if (special(text, i) != null) {
        broken = broken == null ? new StringBuilder() : broken;
        broken.append(text, copied, i + 1).append(guard());
        copied = i + 1;
      }
    }
    return broken == null ? text : broken.append(text, copied, text.length()).toString();
  }

  /// The longest special token at an offset, null if there is none.
  @Nullable String special(String text, int at) {
    for (String s : byFirst.getOrDefault(text.charAt(at), List.of())) {
      if (text.startsWith(s, at)) {
        return s;
      }
    }
    return null;
  }
}
