package org.jtorch.observe;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// One evaluation on held-out data. What a trainer does not measure is NaN.
///
/// @param loss mean cross entropy per token, in nats, or the mean of another loss
/// @param bitsPerByte cross entropy per byte of text, in bits: comparable between tokenizers
/// @param samples texts the model wrote at this step; may be empty
/// @param figures what this trainer measures besides, by name in snake case: `accuracy`, `win_rate`; may be empty
public record EvalEvent(long step, double loss, double bitsPerByte, double perplexity, List<String> samples,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) @JsonDeserialize(as = LinkedHashMap.class) SequencedMap<String, Double> figures) {
  public EvalEvent {
    samples = List.copyOf(samples);
    figures = Figures.copyOf(figures);
  }

  /// An evaluation of a language model on text.
  public EvalEvent(long step, double loss, double bitsPerByte, double perplexity, List<String> samples) {
    this(step, loss, bitsPerByte, perplexity, samples, Collections.emptyNavigableMap());
  }

  /// An evaluation that has figures of its own only.
  public static EvalEvent of(long step, double loss, SequencedMap<String, Double> figures) {
    return new EvalEvent(step, loss, Double.NaN, Double.NaN, List.of(), figures);
  }
}
