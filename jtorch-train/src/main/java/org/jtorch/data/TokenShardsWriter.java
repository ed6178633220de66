package org.jtorch.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import org.jtorch.io.DataException;
import org.jtorch.io.PendingFile;
import org.jtorch.text.Tokenizer;

/// Writes [TokenShards] document by document. Texts are encoded in batches on all cores, as foreign text that never
/// becomes a special token, each as [DocumentEncoder] lays it out. The files get their names when [#finish] has written everything;
/// closing without it leaves nothing behind.
public final class TokenShardsWriter implements AutoCloseable {
  private static final int BATCH_CHARS = 1 << 22;
  private final Path folder;
  private final Tokenizer tokenizer;
  private final DocumentEncoder encoder;
  private final Part tokens;
  private final Part offsets;
  private final SequencedMap<ShardColumn.Spec, Part> columns = new LinkedHashMap<>();
  private final List<String> batch = new ArrayList<>();
  private int batchChars;
  private long tokenCount;
  private long documentCount;
  private long textBytes;

  private TokenShardsWriter(Path folder, DocumentEncoder encoder, List<ShardColumn.Spec> specs) throws IOException {
    this.folder = folder;
    this.encoder = encoder;
    this.tokenizer = encoder.tokenizer();
    Files.createDirectories(folder);
    this.tokens = Part.create(folder.resolve(TokenShards.TOKENS_FILE), ShardHeader.elementBytes(tokenizer.vocabSize()));
    this.offsets = Part.create(folder.resolve(TokenShards.DOCUMENTS_FILE), 8);
    offsets.file().put(0);
    for (var spec : specs) {
      columns.put(spec, Part.create(folder.resolve(spec.name() + ShardColumn.SUFFIX), 4));
    }
  }

  /// Starts new files in the folder; `eosToken` is a name such as `<|endoftext|>`.
  public static TokenShardsWriter create(Path folder, Tokenizer tokenizer, String eosToken) {
    return create(folder, tokenizer, eosToken, List.of());
  }

  /// Starts new files with columns beside the tokens: documents then come as ids, see [#addIds(long\[\], long, Map)].
  public static TokenShardsWriter create(Path folder, Tokenizer tokenizer, String eosToken, List<ShardColumn.Spec> columns) {
    try {
      return new TokenShardsWriter(folder, DocumentEncoder.of(tokenizer, eosToken), columns);
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /// Adds a text; an empty one is skipped.
  public void add(String text) {
    if (text.isEmpty()) {
      return;
    }
    if (!columns.isEmpty()) {
      throw new IllegalStateException("a text brings no values for the columns " + names() + "; encode it and use addIds");
    }
    batch.add(text);
    batchChars += text.length();
    if (batchChars >= BATCH_CHARS) {
      encodeBatch();
    }
  }

  /// Adds ids as they are: no EOS is appended.
  public void addIds(long[] ids, long bytesOfText) {
    addIds(ids, bytesOfText, Map.of());
  }

  /// Adds ids with the document's numbers for every column: one for each id, or a single one for the document.
  ///
  /// @throws IllegalArgumentException naming a column that is missing, unknown or of another length
  public void addIds(long[] ids, long bytesOfText, Map<String, double[]> values) {
    if (!values.keySet().equals(Set.copyOf(names()))) {
      throw new IllegalArgumentException("values came for the columns " + new TreeSet<>(values.keySet()) + ", but these tokens have "
          + names());
    }
    encodeBatch();
    try {
      if (ids.length > 0) {
        for (var column : columns.entrySet()) {
          put(column.getKey(), column.getValue(), values.getOrDefault(column.getKey().name(), new double[0]), ids.length);
        }
      }
      write(ids, bytesOfText);
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  private static void put(ShardColumn.Spec spec, Part part, double[] numbers, int ids) throws IOException {
    int wanted = spec.per() == ShardColumn.Per.TOKEN ? ids : 1;
    if (numbers.length != wanted) {
      throw new IllegalArgumentException("column \"" + spec.name() + "\" has " + numbers.length + " values for a document of " + ids
          + " tokens; it needs " + wanted);
    }
    for (double number : numbers) {
      part.file().put(spec.bits(number));
    }
  }

  private List<String> names() {
    return columns.keySet().stream().map(ShardColumn.Spec::name).toList();
  }

  private void encodeBatch() {
    List<long[]> encoded = encoder.encode(batch);
    try {
      for (int i = 0; i < encoded.size(); i++) {
        write(encoded.get(i), batch.get(i).getBytes(UTF_8).length);
      }
    } catch (IOException e) {
      throw failed(folder, e);
    }
    batch.clear();
    batchChars = 0;
  }

  private void write(long[] ids, long bytesOfText) throws IOException {
    if (ids.length == 0) {
      return;
    }
    for (long id : ids) {
      if (id < 0 || id >= tokenizer.vocabSize()) {
        throw new IllegalArgumentException("token id " + id + " is outside the vocabulary of " + tokenizer.vocabSize());
      }
    }
    for (long id : ids) {
      tokens.file().put(id);
    }
    tokenCount += ids.length;
    documentCount++;
    textBytes += bytesOfText;
    offsets.file().put(tokenCount);
  }

  /// Writes what is left, gives the files their names and opens them.
  public TokenShards finish() {
    encodeBatch();
    if (documentCount == 0) {
      throw new DataException("no document was written to " + folder + "; the corpus is empty");
    }
    try {
      for (var column : columns.entrySet()) {
        column.getValue().finish(header(column.getKey().kind(), column.getValue()));
      }
      tokens.finish(header(ShardHeader.TOKENS, tokens));
      offsets.finish(header(ShardHeader.DOCUMENTS, offsets));
    } catch (IOException e) {
      throw failed(folder, e);
    }
    return TokenShards.open(folder);
  }

  private ShardHeader header(int kind, Part part) throws IOException {
    return new ShardHeader(kind, part.file().elementBytes(), tokenizer.vocabSize(), tokenizer.fingerprint(), tokenCount, documentCount,
        textBytes, part.file().crc());
  }

  private static DataException failed(Path folder, IOException e) {
    return new DataException("cannot write tokens to " + folder + ": " + e.getMessage(), e);
  }

  @Override
  public void close() {
    try {
      tokens.discard();
      offsets.discard();
      for (var part : columns.values()) {
        part.discard();
      }
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /// A file in the making, under another name until it is whole.
  private record Part(PendingFile pending, ShardFile file) {
    static Part create(Path target, int elementBytes) throws IOException {
      var pending = PendingFile.beside(target);
      return new Part(pending, ShardFile.create(pending.path(), elementBytes));
    }

    void finish(ShardHeader header) throws IOException {
      file.finish(header);
      pending.publish();
    }

    void discard() throws IOException {
      file.close();
      pending.close();
    }
  }
}
