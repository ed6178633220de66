package org.jtorch.data;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jtorch.io.DataException;

/// The first 72 bytes of every file of [TokenShards], little-endian: magic, version, kind, bytes per element,
/// vocabulary size, tokenizer fingerprint, tokens, documents, bytes of text, CRC-32C of the payload and of the header.
///
/// Version 2 added the columns' kinds; version 1 is read as well.
record ShardHeader(int kind, int elementBytes, int vocabSize, long tokenizer, long tokens, long documents, long textBytes,
    int payloadCrc) {
  static final int BYTES = 72;
  static final int TOKENS = 1;
  static final int DOCUMENTS = 2;
  /// Numbers for each token or document of the corpus; see [ShardColumn].
  static final int TOKEN_FLOATS = 3;
  static final int TOKEN_INTS = 4;
  static final int DOCUMENT_FLOATS = 5;
  static final int DOCUMENT_INTS = 6;
  /// Numbers for the positions of rows; see [SparseShards]. `tokens` is how many numbers there are, `documents` how many rows.
  static final int TARGET_IDS = 7;
  static final int TARGET_LOG_PROBS = 8;
  static final int TARGET_REST = 9;
  private static final long MAGIC = 0x534E454B4F544AL; // "JTOKENS"
  private static final int VERSION = 2;
  private static final int CRC_AT = BYTES - 4;

  static int elementBytes(int vocabSize) {
    return vocabSize <= 1 << 16 ? 2 : 4;
  }

  ByteBuffer toBytes() {
    var b = ByteBuffer.allocate(BYTES).order(LITTLE_ENDIAN);
    b.putLong(MAGIC).putInt(VERSION).putInt(kind).putInt(elementBytes).putInt(vocabSize).putLong(tokenizer)
        .putLong(tokens).putLong(documents).putLong(textBytes).putInt(payloadCrc);
    b.putInt(CRC_AT, crc(b));
    return b.position(0);
  }

  /// [#read] of a file that must be of this kind.
  static ShardHeader read(FileChannel file, Path path, int kind) throws IOException {
    var header = read(file, path);
    if (header.kind != kind) {
      throw bad(path, "its header makes no sense: " + header);
    }
    return header;
  }

  /// Reads and checks the header and that the file is as long as it says.
  static ShardHeader read(FileChannel file, Path path) throws IOException {
    var b = ByteBuffer.allocate(BYTES).order(LITTLE_ENDIAN);
    for (long at = 0; b.hasRemaining(); at = b.position()) {
      if (file.read(b, at) < 0) {
        throw bad(path, "it has " + file.size() + " bytes, fewer than its header of " + BYTES);
      }
    }
    b.flip();
    if (b.getLong() != MAGIC) {
      throw bad(path, "it is no token file of JTorch (wrong first bytes)");
    }
    int version = b.getInt();
    if (version < 1 || version > VERSION) {
      throw bad(path, "it has version " + version + " of the format; this program reads versions 1 to " + VERSION);
    }
    if (b.getInt(CRC_AT) != crc(b)) {
      throw bad(path, "its header is damaged (wrong checksum)");
    }
    var header = new ShardHeader(b.getInt(), b.getInt(), b.getInt(), b.getLong(), b.getLong(), b.getLong(), b.getLong(), b.getInt());
    header.check(file.size(), path);
    return header;
  }

  private void check(long size, Path path) {
    boolean plausible = kind >= TOKENS && kind <= TARGET_REST && vocabSize > 0 && tokens >= 0 && documents >= 0 && textBytes >= 0
        && tokens < 1L << 48 && documents <= tokens && elementBytes == wantedBytes();
    if (!plausible) {
      throw bad(path, "its header makes no sense: " + this);
    }
    long wanted = BYTES + payloadBytes();
    if (size != wanted) {
      throw bad(path, "it has " + size + " bytes instead of " + wanted + (size < wanted ? " (truncated)" : ""));
    }
  }

  private int wantedBytes() {
    return switch (kind) {
      case TOKENS -> elementBytes(vocabSize);
      case DOCUMENTS -> 8;
      case TARGET_LOG_PROBS -> 2;
      default -> 4;
    };
  }

  long payloadBytes() {
    return elementBytes * switch (kind) {
      case TOKENS, TOKEN_FLOATS, TOKEN_INTS, TARGET_IDS, TARGET_LOG_PROBS, TARGET_REST -> tokens;
      case DOCUMENTS -> documents + 1;
      default -> documents;
    };
  }

  private static DataException bad(Path path, String why) {
    return new DataException("cannot use " + path + ": " + why + "; write the tokens again");
  }

  private static int crc(ByteBuffer header) {
    var crc = new CRC32C();
    crc.update(header.duplicate().position(0).limit(CRC_AT));
    return (int) crc.getValue();
  }
}
