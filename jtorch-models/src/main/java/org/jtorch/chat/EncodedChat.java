package org.jtorch.chat;

/// A conversation as a model reads it.
///
/// @param text what the template made of it
/// @param ids its tokens: special ones come from the template only, whatever the messages say
/// @param assistant for each token whether the assistant wrote it, the end of its turn included: what a model learns
@SuppressWarnings("ArrayRecordComponent") // a result, never compared
public record EncodedChat(String text, long[] ids, boolean[] assistant) {
  /// The label of tokens that count for nothing in a loss.
  public static final long IGNORED = -100;

  public EncodedChat {
    if (ids.length != assistant.length) {
      throw new IllegalArgumentException(ids.length + " ids but a mask of " + assistant.length);
    }
  }

  /// The ids where the assistant wrote, [#IGNORED] elsewhere; not shifted.
  public long[] labels() {
    long[] labels = ids.clone();
    for (int i = 0; i < labels.length; i++) {
      labels[i] = assistant[i] ? labels[i] : IGNORED;
    }
    return labels;
  }
}
