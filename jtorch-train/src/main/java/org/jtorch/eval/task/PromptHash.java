package org.jtorch.eval.task;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// SHA-256 over texts: of each its bytes in UTF-8 and a zero byte.
final class PromptHash {
  private final MessageDigest digest;

  PromptHash() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  void add(String text) {
    digest.update(text.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0);
  }

  /// The hash in hexadecimal; nothing can be added after.
  String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
