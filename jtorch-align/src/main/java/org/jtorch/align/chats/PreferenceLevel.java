package org.jtorch.align.chats;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// How much better an annotator found one answer than the other, in the words of Llama 2 (arXiv:2307.09288), Llama 3 and
/// AFM.
public enum PreferenceLevel {
  SIGNIFICANTLY_BETTER(0.95, "significantly better"),
  BETTER(0.85, "better", "moderately better"),
  SLIGHTLY_BETTER(0.75, "slightly better"),
  NEGLIGIBLY_BETTER(0.65, "negligibly better", "marginally better", "unsure");

  private final double certainty;
  private final String first;
  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> others;

  PreferenceLevel(double certainty, String first, String... others) {
    this.certainty = certainty;
    this.first = first;
    this.others = List.of(others);
  }

  /// How certain it is that the chosen answer is better: AFM's soft labels.
  public double certainty() {
    return certainty;
  }

  /// As data sets and figures spell it.
  public String words() {
    return first;
  }

  /// @throws IllegalArgumentException if no level is called so
  public static PreferenceLevel find(String words) {
    String plain = words.toLowerCase(Locale.ROOT).replace('_', ' ').replace('-', ' ').strip();
    String full = plain.endsWith("better") || plain.equals("unsure") ? plain : plain + " better";
    return Arrays.stream(values()).filter(l -> l.first.equals(full) || l.others.contains(full)).findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no preference level is called \"" + words + "\"; there are "
            + Arrays.stream(values()).map(PreferenceLevel::words).collect(Collectors.joining(", "))));
  }
}
