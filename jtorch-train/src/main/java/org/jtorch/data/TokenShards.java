package org.jtorch.data;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// The tokens of a corpus, mapped into memory: `tokens.bin` holds the ids (two bytes each for vocabularies up to 65,536,
/// else four), `documents.bin` where each document begins, and each [ShardColumn] a file of its own. May be read by many
/// threads; close it when none does.
public final class TokenShards implements AutoCloseable {
  static final String TOKENS_FILE = "tokens.bin";
  static final String DOCUMENTS_FILE = "documents.bin";
  private static final ValueLayout.OfShort SHORT = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path folder;
  private final Arena arena;
  private final ShardHeader header;
  private final ShardHeader documentHeader;
  private final MemorySegment tokens;
  private final MemorySegment offsets;
  private final List<FileChannel> scratches = new ArrayList<>();

  private TokenShards(Path folder, Arena arena) throws IOException {
    this.folder = folder;
    this.arena = arena;
    Path tokenFile = folder.resolve(TOKENS_FILE);
    try (var file = FileChannel.open(tokenFile)) {
      header = ShardHeader.read(file, tokenFile, ShardHeader.TOKENS);
      tokens = file.map(FileChannel.MapMode.READ_ONLY, ShardHeader.BYTES, header.payloadBytes(), arena);
    }
    Path documentFile = folder.resolve(DOCUMENTS_FILE);
    try (var file = FileChannel.open(documentFile)) {
      documentHeader = ShardHeader.read(file, documentFile, ShardHeader.DOCUMENTS);
      offsets = file.map(FileChannel.MapMode.READ_ONLY, ShardHeader.BYTES, documentHeader.payloadBytes(), arena);
    }
    checkDocuments(documentFile);
  }

  /// Maps the files of a folder after checking headers, lengths and document boundaries.
  public static TokenShards open(Path folder) {
    for (String name : new String[] {TOKENS_FILE, DOCUMENTS_FILE}) {
      if (!Files.isRegularFile(folder.resolve(name))) {
        throw new DataException("no token files in " + folder + ": " + name + " is missing; write the tokens first");
      }
    }
    Arena arena = Arena.ofShared();
    try {
      return new TokenShards(folder, arena);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e instanceof DataException known
          ? known : new DataException("cannot open the tokens in " + folder + ": " + e.getMessage(), e);
    }
  }

  /// Encodes all documents, each followed by the EOS, and opens the result. Closes the stream.
  public static TokenShards write(Path folder, Stream<Document> documents, Tokenizer tokenizer, String eosToken) {
    try (documents; var writer = TokenShardsWriter.create(folder, tokenizer, eosToken)) {
      documents.forEachOrdered(document -> writer.add(document.text()));
      return writer.finish();
    }
  }

  private void checkDocuments(Path file) {
    boolean same = belongs(documentHeader);
    long last = 0;
    boolean ordered = start(0) == 0;
    for (long d = 1; same && ordered && d <= documents(); d++) {
      ordered = start(d) > last;
      last = start(d);
    }
    if (!same || !ordered || last != header.tokens()) {
      throw new DataException(file + " does not belong to " + TOKENS_FILE + " beside it or is damaged; write the tokens again");
    }
  }

  public long tokens() {
    return header.tokens();
  }

  public long documents() {
    return header.documents();
  }

  /// Bytes of the texts in UTF-8, for losses in bits per byte.
  public long textBytes() {
    return header.textBytes();
  }

  public int vocabSize() {
    return header.vocabSize();
  }

  public Path folder() {
    return folder;
  }

  /// Index of the first token of a document; of the document after the last: the number of tokens.
  public long start(long document) {
    return offsets.getAtIndex(LONG, Objects.checkIndex(document, documents() + 1));
  }

  /// Number of tokens of a document, its EOS included.
  public long length(long document) {
    return start(Objects.checkIndex(document, documents()) + 1) - start(document);
  }

  /// The document a token belongs to.
  public long documentAt(long token) {
    Objects.checkIndex(token, tokens());
    long low = 0;
    long high = documents() - 1;
    while (low < high) {
      long middle = (low + high + 1) >>> 1;
      if (start(middle) <= token) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /// A column that was written beside the tokens.
  ///
  /// @throws DataException if there is none of that name, naming those that are there
  public ShardColumn column(String name) {
    Path path = folder.resolve(name + ShardColumn.SUFFIX);
    if (!Files.isRegularFile(path)) {
      throw new DataException("the tokens in " + folder + " have no column \"" + name + "\"; they have " + columns());
    }
    try (var file = FileChannel.open(path)) {
      var own = ShardHeader.read(file, path);
      if (own.kind() < ShardHeader.TOKEN_FLOATS || own.kind() > ShardHeader.DOCUMENT_INTS || !belongs(own)) {
        throw new DataException(path + " does not belong to " + TOKENS_FILE + " beside it or is damaged; write the tokens again");
      }
      var values = file.map(FileChannel.MapMode.READ_ONLY, ShardHeader.BYTES, own.payloadBytes(), arena);
      check(values, own, path.getFileName().toString());
      return new ShardColumn(ShardColumn.Spec.of(name, own.kind()), values);
    } catch (IOException e) {
      throw new DataException("cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  /// Names of the columns, sorted.
  public List<String> columns() {
    try (var files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).filter(n -> n.endsWith(ShardColumn.SUFFIX))
          .map(n -> n.substring(0, n.length() - ShardColumn.SUFFIX.length())).sorted().toList();
    } catch (IOException e) {
      throw new DataException("cannot list " + folder + ": " + e.getMessage(), e);
    }
  }

  /// Memory that need not fit into memory: a file of its own, gone with these shards or with the process, beside them or, where
  /// nothing can be written, in the system's place for temporary files.
  MemorySegment scratch(long bytes) {
    try {
      Path place = Files.isWritable(folder) ? Files.createTempFile(folder, "scratch", ".tmp") : Files.createTempFile("jtorch", ".tmp");
      var file = FileChannel.open(place, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
      scratches.add(file);
      return file.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
    } catch (IOException e) {
      throw new DataException("cannot lay out the rows of " + folder + ": " + e.getMessage(), e);
    }
  }

  private boolean belongs(ShardHeader other) {
    return other.tokens() == header.tokens() && other.documents() == header.documents() && other.tokenizer() == header.tokenizer();
  }

  /// Copies `n` tokens from `offset` on.
  public void copy(long offset, int n, long[] dst, int dstOffset) {
    Objects.checkFromIndexSize(offset, n, tokens());
    Objects.checkFromIndexSize(dstOffset, n, dst.length);
    boolean narrow = header.elementBytes() == 2;
    for (int i = 0; i < n; i++) {
      long id = narrow ? tokens.getAtIndex(SHORT, offset + i) & 0xFFFF : tokens.getAtIndex(INT, offset + i) & 0xFFFF_FFFFL;
      if (id >= header.vocabSize()) {
        throw new DataException(folder.resolve(TOKENS_FILE) + " is damaged: token " + (offset + i) + " is " + id
            + " in a vocabulary of " + header.vocabSize() + "; write the tokens again");
      }
      dst[dstOffset + i] = id;
    }
  }

  /// Fails unless the tokens were made with this tokenizer.
  public TokenShards requireTokenizer(Tokenizer tokenizer) {
    if (tokenizer.fingerprint() != header.tokenizer()) {
      throw new DataException("the tokens in " + folder + " were not made with " + tokenizer.file()
          + " (another fingerprint); write them again or use the tokenizer they were made with");
    }
    return this;
  }

  /// Reads everything once and compares the checksums.
  public void verify() {
    check(tokens, header, TOKENS_FILE);
    check(offsets, documentHeader, DOCUMENTS_FILE);
  }

  private void check(MemorySegment payload, ShardHeader expected, String name) {
    var crc = new CRC32C();
    for (long at = 0; at < payload.byteSize(); at += 1 << 26) {
      crc.update(payload.asSlice(at, Math.min(1 << 26, payload.byteSize() - at)).asByteBuffer());
    }
    if ((int) crc.getValue() != expected.payloadCrc()) {
      throw new DataException(folder.resolve(name) + " is damaged (wrong checksum); write the tokens again");
    }
  }

  /// Hands every document's ids to the consumer; for small corpora and tests.
  public void forEachDocument(Consumer<long[]> consumer) {
    for (long d = 0; d < documents(); d++) {
      long[] ids = new long[Math.toIntExact(length(d))];
      copy(start(d), ids.length, ids, 0);
      consumer.accept(ids);
    }
  }

  @Override
  public void close() {
    arena.close();
    try {
      for (var scratch : scratches) {
        scratch.close();
      }
    } catch (IOException e) {
      throw new DataException("cannot remove a temporary file in " + folder + ": " + e.getMessage(), e);
    }
  }
}
