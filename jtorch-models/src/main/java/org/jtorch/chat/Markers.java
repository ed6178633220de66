package org.jtorch.chat;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jtorch.text.AddedToken;

/// The added tokens that mark turns in a template without being special: some tokenizers hold `<|user|>` as `"special": false`,
/// and a bare SentencePiece model its user-defined pieces.
///
/// Such a token counts if the template's source, or one of its variables, holds it literally; if it is a marker by its form (three
/// characters or more, a letter and a mark among them), so that line breaks or words that happen to be added tokens do not; and
/// if the template does not look for it in messages (`'</think>' in content`, `split`, `startswith` and the like), because then
/// it is meant to come in them.
final class Markers {
  private static final Pattern FORM = Pattern.compile("(?s)(?=.*\\p{L})(?=.*[^\\p{L}\\p{N}\\s\u2581]).{3,}");

  private Markers() {}

  static Set<String> of(String source, Collection<String> variables, List<AddedToken> added) {
    var found = new LinkedHashSet<String>();
    for (var token : added) {
      String name = token.content();
      boolean written = source.contains(name) || variables.contains(name);
      if (!token.special() && written && FORM.matcher(name).matches() && !soughtIn(source, name)) {
        found.add(name);
      }
    }
    return found;
  }

  private static boolean soughtIn(String source, String name) {
    String quoted = "(['\"])[^'\"]*" + Pattern.quote(name) + "[^'\"]*";
    return Pattern.compile(quoted + "\\1\\s+(?:not\\s+)?in\\b").matcher(source).find()
        || Pattern.compile("(?:split|startswith|endswith|find|count|replace)\\(\\s*\\(?\\s*" + quoted + "\\1").matcher(source).find();
  }
}
