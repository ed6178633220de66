package org.jtorch.observe;

import java.util.List;

/// One evaluation on held-out text.
///
/// @param loss mean cross entropy per token, in nats
/// @param bitsPerByte cross entropy per byte of text, in bits: comparable between tokenizers
/// @param samples texts the model wrote at this step; may be empty
public record EvalEvent(long step, double loss, double bitsPerByte, double perplexity, List<String> samples) {
  public EvalEvent {
    samples = List.copyOf(samples);
  }
}
