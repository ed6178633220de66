package org.jtorch.corpus;

import java.nio.file.Path;
import java.util.List;

/// Where the tokenizer of a corpus comes from.
public sealed interface TokenizerOrigin {
  /// The token that ends a document.
  String eos();

  /// Byte-level BPE, learned from a sample of the texts.
  ///
  /// @param specialTokens beside the EOS, for uses to come
  /// @param sampleBytes text that it is learned from, at most
  /// @param seed which texts those are
  record Learned(int vocabSize, String eos, List<String> specialTokens, long sampleBytes, long seed) implements TokenizerOrigin {
    public Learned {
      specialTokens = List.copyOf(specialTokens);
    }
  }

  /// A tokenizer's file or folder.
  record Given(Path path, String eos) implements TokenizerOrigin {}
}
