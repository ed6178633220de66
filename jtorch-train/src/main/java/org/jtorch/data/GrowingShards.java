package org.jtorch.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// [TokenShards] in the making that outlive their process: what is behind a [Mark] is on the disk, and another process goes on
/// from there with the same bits.
public final class GrowingShards implements AutoCloseable {
  /// How far token files are.
  ///
  /// @param tokensCrc checksum of the tokens so far
  /// @param documentsCrc checksum of the documents' ends so far, the leading 0 included
  public record Mark(long tokens, long documents, long textBytes, int tokensCrc, int documentsCrc) {}

  private final Path folder;
  private final Tokenizer tokenizer;
  private final ShardFile tokens;
  private final ShardFile offsets;
  private long tokenCount;
  private long documentCount;
  private long textBytes;

  private GrowingShards(Path folder, Tokenizer tokenizer, ShardFile tokens, ShardFile offsets) {
    this.folder = folder;
    this.tokenizer = tokenizer;
    this.tokens = tokens;
    this.offsets = offsets;
  }

  /// Begins token files, in place of what is in the folder of an attempt before the first mark.
  public static GrowingShards begin(Path folder, Tokenizer tokenizer) {
    try {
      Files.createDirectories(folder);
      Files.deleteIfExists(tokens(folder));
      Files.deleteIfExists(offsets(folder));
      var tokens = ShardFile.create(tokens(folder), ShardHeader.elementBytes(tokenizer.vocabSize()));
      var shards = new GrowingShards(folder, tokenizer, tokens, ShardFile.create(offsets(folder), Long.BYTES));
      shards.offsets.put(0);
      return shards;
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /// Goes on from a mark; what was written behind it is forgotten.
  ///
  /// @throws DataException if what is before the mark is damaged
  public static GrowingShards goOn(Path folder, Tokenizer tokenizer, Mark from) {
    try {
      var tokens = ShardFile.goOn(tokens(folder), ShardHeader.elementBytes(tokenizer.vocabSize()), from.tokens, from.tokensCrc);
      var offsets = ShardFile.goOn(offsets(folder), Long.BYTES, from.documents + 1, from.documentsCrc);
      var shards = new GrowingShards(folder, tokenizer, tokens, offsets);
      shards.tokenCount = from.tokens;
      shards.documentCount = from.documents;
      shards.textBytes = from.textBytes;
      return shards;
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  private static Path tokens(Path folder) {
    return folder.resolve(TokenShards.TOKENS_FILE);
  }

  private static Path offsets(Path folder) {
    return folder.resolve(TokenShards.DOCUMENTS_FILE);
  }

  /// Adds a document.
  public void add(long[] ids, long bytesOfText) {
    try {
      for (long id : ids) {
        tokens.put(id);
      }
      tokenCount += ids.length;
      documentCount++;
      textBytes += bytesOfText;
      offsets.put(tokenCount);
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  public long documents() {
    return documentCount;
  }

  public long tokens() {
    return tokenCount;
  }

  public long textBytes() {
    return textBytes;
  }

  /// Brings everything to the disk.
  public Mark mark() {
    try {
      tokens.force();
      offsets.force();
      return new Mark(tokenCount, documentCount, textBytes, tokens.crc(), offsets.crc());
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /// Writes the headers: from now on [TokenShards#open] opens the folder.
  public void finish() {
    try {
      offsets.finish(header(ShardHeader.DOCUMENTS, offsets));
      tokens.finish(header(ShardHeader.TOKENS, tokens));
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  private ShardHeader header(int kind, ShardFile file) throws IOException {
    return new ShardHeader(kind, file.elementBytes(), tokenizer.vocabSize(), tokenizer.fingerprint(), tokenCount, documentCount,
        textBytes, file.crc());
  }

  private static DataException failed(Path folder, IOException e) {
    return new DataException("cannot write tokens to " + folder + ": " + e.getMessage() + "; free some space and start again:"
        + " it goes on from here", e);
  }

  @Override
  public void close() {
    try {
      tokens.close();
      offsets.close();
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }
}
