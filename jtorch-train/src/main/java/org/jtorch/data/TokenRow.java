package org.jtorch.data;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.EncodedChat;

/// A text of its own as tokens, with what each token counts as a target.
///
/// @param weights one for each id: 0 is read and not learned; null if all count alike
@SuppressWarnings("ArrayRecordComponent") // goes into batches, never compared
public record TokenRow(long[] ids, float @Nullable [] weights) {
  public TokenRow {
    if (weights != null && weights.length != ids.length) {
      throw new IllegalArgumentException(ids.length + " ids but " + weights.length + " weights; give one for each id");
    }
  }

  /// A text that is learned from its second token on.
  public static TokenRow of(long... ids) {
    return new TokenRow(ids, null);
  }

  /// A conversation of which the assistant's turns are learned.
  public static TokenRow of(EncodedChat chat) {
    float[] weights = new float[chat.ids().length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = chat.assistant()[i] ? 1 : 0;
    }
    return new TokenRow(chat.ids(), weights);
  }

  /// A prompt that is read, and an answer that is learned.
  public static TokenRow of(long[] prompt, long[] answer) {
    long[] ids = Arrays.copyOf(prompt, prompt.length + answer.length);
    System.arraycopy(answer, 0, ids, prompt.length, answer.length);
    float[] weights = new float[ids.length];
    Arrays.fill(weights, prompt.length, ids.length, 1);
    return new TokenRow(ids, weights);
  }

  /// The same with every weight times `factor`: a document's own weight, a reward.
  public TokenRow times(float factor) {
    float[] scaled = new float[ids.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = factor * (weights == null ? 1 : weights[i]);
    }
    return new TokenRow(ids, scaled);
  }
}
