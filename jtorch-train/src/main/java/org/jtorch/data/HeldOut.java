package org.jtorch.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jtorch.io.DataException;

/// Holds out documents for validation by the hash of their text, so that the same document goes the same way in every
/// run, in any order, and copies of a text never stand on both sides.
///
/// @param fraction share of the documents, 0 to below 1
/// @param maxValidationBytes no new document is held out once this many bytes of text are
public record HeldOut(double fraction, long maxValidationBytes) {
  public HeldOut {
    if (!(fraction >= 0 && fraction < 1)) {
      throw new IllegalArgumentException("fraction is " + fraction + " but must be from 0 to below 1; 0.01 is usual");
    }
    if (maxValidationBytes < 0) {
      throw new IllegalArgumentException("maxValidationBytes is " + maxValidationBytes + "; use for example 1000000");
    }
  }

  /// Counts of a finished split.
  public record Counts(long train, long validation, long validationBytes) {}

  /// Hands every document to one of the two sides, in order, and closes the stream.
  public Counts split(Stream<Document> documents, Consumer<Document> train, Consumer<Document> validation) {
    var splitter = splitter();
    long[] counts = new long[2];
    try (documents) {
      documents.forEachOrdered(document -> {
        boolean held = splitter.isValidation(document.text());
        counts[held ? 1 : 0]++;
        (held ? validation : train).accept(document);
      });
    }
    if (counts[0] == 0) {
      throw new DataException("all " + counts[1] + " documents were held out for validation; lower the fraction from " + fraction);
    }
    return new Counts(counts[0], counts[1], splitter.bytes);
  }

  public Splitter splitter() {
    return new Splitter(this);
  }

  /// Decides document by document; the byte limit makes it stateful, so ask in the order of the corpus.
  public static final class Splitter {
    private final HeldOut rule;
    private final Set<Long> held = new HashSet<>();
    private boolean full;
    private long bytes;

    private Splitter(HeldOut rule) {
      this.rule = rule;
    }

    public boolean isValidation(String text) {
      byte[] utf8 = text.getBytes(UTF_8);
      long hash = hash(utf8);
      if (held.contains(hash)) {
        return true;
      }
      if ((hash >>> 11) * 0x1p-53 >= rule.fraction || full) {
        return false;
      }
      full = bytes + utf8.length > rule.maxValidationBytes;
      if (full) {
        return false;
      }
      bytes += utf8.length;
      return held.add(hash);
    }
  }

  private static long hash(byte[] text) {
    try {
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(text)).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
