package org.jtorch.data;

import com.github.luben.zstd.ZstdIOException;
import java.io.EOFException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.NoSuchFileException;
import java.util.zip.ZipException;

/// What a low-level failure means to the owner of the file.
final class Errors {
  private Errors() {}

  static String reason(Throwable e) {
    return switch (e) {
      case NoSuchFileException _ -> "there is no such file";
      case CharacterCodingException _ -> "the text is not UTF-8; convert it first, for example with iconv";
      case EOFException _ -> "the compressed data ends too early; the file is truncated";
      case ZipException _ -> "not gzip data (" + e.getMessage() + ")";
      case ZstdIOException _ -> "not whole zstd data (" + e.getMessage() + ")";
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    };
  }
}
