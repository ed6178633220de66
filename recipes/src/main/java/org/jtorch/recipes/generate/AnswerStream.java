package org.jtorch.recipes.generate;

import java.util.Set;
import java.util.function.Consumer;
import org.jtorch.text.StreamDecoder;
import org.jtorch.text.Tokenizer;

/// Turns one row's tokens into text as they come.
final class AnswerStream {
  private final StreamDecoder decoder;
  private final Set<Long> stop;
  private final Consumer<String> sink;
  private final StringBuilder text = new StringBuilder();
  private int tokens;
  private boolean stopped;

  /// @param before ids of the text that the answer goes on from; empty if it is a text of its own
  AnswerStream(Tokenizer tokenizer, long[] before, Set<Long> stop, Consumer<String> sink) {
    this.decoder = new StreamDecoder(tokenizer, true, before);
    this.stop = stop;
    this.sink = sink;
  }

  void token(long id) {
    tokens++;
    if (stop.contains(id)) {
      stopped = true;
    } else {
      emit(decoder.push(id));
    }
  }

  Answer end() {
    emit(decoder.flush());
    return new Answer(text.toString(), tokens, stopped);
  }

  private void emit(String piece) {
    if (!piece.isEmpty()) {
      text.append(piece);
      sink.accept(piece);
    }
  }
}
