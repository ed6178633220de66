package org.jtorch.eval.task;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.eval.Writing;
import org.jtorch.text.StreamDecoder;
import org.jtorch.text.Tokenizer;

/// Ends texts where one of some strings comes up.
final class StopTexts implements Writing.Ending {
  private final List<String> stops;
  private final int longest;
  private final List<StreamDecoder> decoders = new ArrayList<>();
  private final List<StringBuilder> texts = new ArrayList<>();

  StopTexts(Tokenizer tokenizer, List<long[]> prompts, List<String> stops) {
    this.stops = stops;
    this.longest = stops.stream().mapToInt(String::length).max().orElse(0);
    for (long[] prompt : prompts) {
      decoders.add(new StreamDecoder(tokenizer, true, prompt));
      texts.add(new StringBuilder());
    }
  }

  @Override public boolean endsWith(int prompt, long token) {
    var text = texts.get(prompt);
    int from = Math.max(0, text.length() - longest);
    text.append(decoders.get(prompt).push(token));
    return stops.stream().anyMatch(s -> text.indexOf(s, from) >= 0);
  }

  /// What was written for a prompt, up to the first of the strings.
  String text(int prompt) {
    var text = texts.get(prompt).append(decoders.get(prompt).flush());
    int end = text.length();
    for (String stop : stops) {
      int at = text.indexOf(stop);
      end = at < 0 ? end : Math.min(end, at);
    }
    return text.substring(0, end);
  }
}
