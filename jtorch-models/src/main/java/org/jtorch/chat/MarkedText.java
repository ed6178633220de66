package org.jtorch.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jtorch.text.TokenSpans;

/// A rendered conversation whose marks have been taken out again.
///
/// @param text what a person reads
/// @param hidden the same with the template's special tokens under their secret names: what is tokenized
/// @param spans what the assistant wrote, in code points of `hidden`
record MarkedText(String text, String hidden, List<Span> spans) {
  record Span(int start, int end) {}

  /// @param names secret names of the special tokens
  /// @param enders end each span with its last of these tokens, if it has one; empty for not
  static MarkedText read(String marked, ChatMarks marks, Map<String, String> names, Set<String> enders) {
    var reader = new Reader(marks, names, enders);
    reader.read(marked);
    return new MarkedText(reader.text.toString(), reader.hidden.toString(), List.copyOf(reader.spans));
  }

  /// For each token whether it stands for anything in a span; all between the first and the last such token count.
  boolean[] mask(TokenSpans tokens) {
    boolean[] mask = new boolean[tokens.ids().length];
    for (Span span : spans) {
      int first = -1;
      int last = -1;
      for (int i = 0; i < mask.length; i++) {
        if (tokens.starts()[i] < span.end() && tokens.ends()[i] > span.start()) {
          first = first < 0 ? i : first;
          last = i;
        }
      }
      for (int i = Math.max(0, first); i <= last; i++) {
        mask[i] = true;
      }
    }
    return mask;
  }

  private static final class Reader {
    private final ChatMarks marks;
    private final Map<String, String> names;
    private final Set<String> enders;
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder hidden = new StringBuilder();
    private final List<Span> spans = new ArrayList<>();
    private int start = -1;
    private int ended = -1;

    Reader(ChatMarks marks, Map<String, String> names, Set<String> enders) {
      this.marks = marks;
      this.names = names;
      this.enders = enders;
    }

    void read(String marked) {
      for (int i = 0; i < marked.length(); ) {
        String token;
        if (marks.at(marked, i)) {
          i += marks.length();
          mark(marked.charAt(i - 1));
        } else if ((token = marks.special(marked, i)) != null) {
          text.append(token);
          hidden.append(names.getOrDefault(token, token));
          ended = enders.contains(token) ? hidden.length() : ended;
          i += token.length();
        } else {
          text.append(marked.charAt(i));
          hidden.append(marked.charAt(i++));
        }
      }
    }

    private void mark(char kind) {
      if (kind == '1') {
        start = hidden.length();
      } else if (kind == '2' && start >= 0) {
        int end = ended > start ? ended : hidden.length();
        if (end > start) {
          spans.add(new Span(hidden.codePointCount(0, start), hidden.codePointCount(0, end)));
        }
        start = -1;
      }
    }
  }
}
