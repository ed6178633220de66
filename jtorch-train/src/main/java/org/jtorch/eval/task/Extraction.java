package org.jtorch.eval.task;

import java.math.BigDecimal;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds the answer in what a model wrote, and compares it with the right one.
///
/// @param pattern whose first group, or all of it where it has none, is the answer; null takes the whole text
/// @param last the last match instead of the first
/// @param number compares numbers by value: `$1,200.` equals `1200`
public record Extraction(@Nullable Pattern pattern, boolean last, boolean number) {
  public static final Extraction WHOLE = new Extraction(null, false, false);

  /// The answer, without the space around it; empty if there is none.
  public String answer(String text) {
    if (pattern == null) {
      return text.strip();
    }
    Matcher m = pattern.matcher(text);
    String found = "";
    while (m.find()) {
      String group = m.groupCount() == 0 ? m.group() : m.group(1);
      found = group == null ? found : group;
      if (!last) {
        break;
      }
    }
    return found.strip();
  }

  /// Whether two answers are the same.
  public boolean same(String answer, String gold) {
    if (!number) {
      return answer.equals(gold.strip());
    }
    BigDecimal a = value(answer);
    BigDecimal b = value(gold);
    return a != null && b != null ? a.compareTo(b) == 0 : plain(answer).equals(plain(gold));
  }

  private static @Nullable BigDecimal value(String text) {
    String plain = plain(text);
    return plain.matches("-?(\\d{1,40}(\\.\\d{0,40})?|\\.\\d{1,40})") ? new BigDecimal(plain) : null;
  }

  private static String plain(String text) {
    return text.strip().replaceAll("[,$%]", "").replaceFirst("\\.$", "");
  }
}
