package org.jtorch.corpus;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// A text's place in an order that has nothing to do with where it stands: the same in every corpus, for copies too.
///
/// @param value the first 64 bits of the text's SHA-256, without a sign
/// @param bytes of the text in UTF-8
record TextHash(long value, long bytes) {
  static TextHash of(String text) {
    byte[] utf8 = text.getBytes(UTF_8);
    return new TextHash(ByteBuffer.wrap(sha256(utf8)).getLong(), utf8.length);
  }

  static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Another order of the same hashes.
  static long shuffled(long hash, long seed) {
    return mix(hash ^ mix(seed));
  }

  /// SplitMix64's finaliser, which maps different numbers to different ones.
  private static long mix(long z) {
    long a = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ a >>> 27) * 0x94D049BB133111EBL;
    return b ^ b >>> 31;
  }
}
