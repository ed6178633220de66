package org.jtorch.family;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.SafeTensors;

/// Matrices that a file stores once though a model has two names for them, and those it stores twice though the model has one.
public final class SharedWeights {
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";

  private SharedWeights() {}

  /// For each wanted name that a file lacks but has under another, that other: `save_model` of safetensors keeps one name of a
  /// shared matrix and notes the rest in `__metadata__`, and of a tied embedding any saver may keep the head's.
  ///
  /// @param tied whether the head is the embedding, by the configuration
  public static Map<String, String> names(SafeTensors file, Collection<String> wanted, boolean tied) {
    var names = new LinkedHashMap<String, String>();
    for (String name : wanted) {
      String other = file.metadata().getOrDefault(name, tied && name.equals(EMBEDDING) ? HEAD : name);
      if (!file.entries().containsKey(name) && file.entries().containsKey(other)) {
        names.put(name, other);
      }
    }
    return names;
  }

  /// The shape of the model in a file: one whose configuration ties the head to the embedding while the file has both, and
  /// different, is not tied. transformers decides so, too.
  static DecoderConfig shape(DecoderConfig config, SafeTensors file) {
    var embedding = file.entries().get(EMBEDDING);
    var head = file.entries().get(HEAD);
    return config.tied() && embedding != null && head != null && !same(embedding, head) ? config.withTied(false) : config;
  }

  private static boolean same(SafeTensors.Entry a, SafeTensors.Entry b) {
    return a.dtype().equals(b.dtype()) && Arrays.equals(a.shape(), b.shape()) && a.bytes().mismatch(b.bytes()) < 0;
  }
}
