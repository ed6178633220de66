package org.jtorch.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jtorch.io.DataException;
import org.jtorch.io.Utf8;

/// One tokenizer of the Hugging Face library behind DJL, asked for ids only: DJL's own `Encoding` also copies tokens,
/// masks and character spans into Java. Truncation (on in DJL, at 512 tokens) and padding are off.
final class NativeTokenizer implements AutoCloseable {
  private static final TokenizersLibrary LIB;
  private final HuggingFaceTokenizer tokenizer;
  private final Path file;

  static {
    if (System.getProperty("OPT_OUT_TRACKING") == null) {
      System.setProperty("OPT_OUT_TRACKING", "true"); // DJL would report its use from EC2 machines
    }
    LIB = TokenizersLibrary.LIB;
  }

  private NativeTokenizer(byte[] json, Path file) throws IOException {
    this.file = file;
    tokenizer = HuggingFaceTokenizer.newInstance(
        new ByteArrayInputStream(json), Map.of("truncation", "false", "padding", "false", "modelMaxLength", "-1"));
    LIB.disableTruncation(handle());
    LIB.disablePadding(handle());
  }

  /// @param file where the tokenizer comes from, for messages
  /// @throws IOException if the library cannot read the file, or must not get it
  static NativeTokenizer open(byte[] json, Path file) throws IOException {
    NativeGuard.check(json);
    var names = NormalizedNames.read(json);
    if (!names.contents().isEmpty()) {
      try (var normalizer = new NativeTokenizer(names.normalizerAlone(), file)) {
        names.requireText(content -> normalizer.encode(content, false).length > 0);
      }
    }
    return new NativeTokenizer(json, file);
  }

  TokenSpans encodeWithSpans(String text) {
    long encoding = encoding(text, false);
    try {
      long[] ids = LIB.getTokenIds(encoding);
      CharSpan[] spans = LIB.getTokenCharSpans(encoding);
      int[] starts = new int[ids.length];
      int[] ends = new int[ids.length];
      for (int i = 0; i < ids.length; i++) {
        CharSpan span = i < spans.length ? spans[i] : null;
        int last = i == 0 ? 0 : ends[i - 1];
        starts[i] = span == null ? last : span.getStart();
        ends[i] = span == null ? last : span.getEnd();
      }
      return new TokenSpans(ids, starts, ends);
    } finally {
      LIB.deleteEncoding(encoding);
    }
  }

  long[] encode(String text, boolean addSpecial) {
    return idsAndFree(encoding(text, addSpecial));
  }

  long[][] encodeAll(List<String> texts, boolean addSpecial) {
    return texts.parallelStream().map(text -> encode(text, addSpecial)).toArray(long[][]::new);
  }

  String decode(long[] ids, boolean skipSpecial) {
    return LIB.decode(handle(), ids, skipSpecial);
  }

  private long encoding(String text, boolean addSpecial) {
    LongRuns.check(text);
    long handle = handle();
    try {
      return LIB.encode(handle, Utf8.wellFormed(text), addSpecial);
    } catch (RuntimeException e) {
      throw new DataException(file + " cannot encode a text: " + e.getMessage()
          + "; its model must have a token for what it does not know", e);
    }
  }

  private static long[] idsAndFree(long encoding) {
    try {
      return LIB.getTokenIds(encoding);
    } finally {
      LIB.deleteEncoding(encoding);
    }
  }

  private long handle() {
    if (tokenizer.isReleased()) {
      throw new IllegalStateException("this tokenizer is closed");
    }
    return tokenizer.getHandle();
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
