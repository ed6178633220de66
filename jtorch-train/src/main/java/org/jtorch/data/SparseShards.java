package org.jtorch.data;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jtorch.io.DataException;

/// What a teacher says of every position of a corpus's rows, mapped into memory: `teacher-ids.bin` holds k tokens for each (int32),
/// `teacher-logprobs.bin` their log-probabilities (float16, within a two-thousandth of a probability), `teacher-rest.bin` the
/// probability of all others (float32). 6 k + 4 bytes a position. May be read by many threads; close it when none does.
public final class SparseShards implements AutoCloseable {
  static final String IDS = "teacher-ids.bin";
  static final String LOG_PROBS = "teacher-logprobs.bin";
  static final String REST = "teacher-rest.bin";
  private static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT = JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path folder;
  private final Arena arena;
  private final Numbers ids;
  private final Numbers logProbs;
  private final Numbers rest;

  private record Numbers(ShardHeader header, MemorySegment values) {
    static Numbers open(Path path, int kind, Arena arena) throws IOException {
      try (var file = FileChannel.open(path)) {
        var header = ShardHeader.read(file, path, kind);
        return new Numbers(header, file.map(FileChannel.MapMode.READ_ONLY, ShardHeader.BYTES, header.payloadBytes(), arena));
      }
    }
  }

  private SparseShards(Path folder, Arena arena) throws IOException {
    this.folder = folder;
    this.arena = arena;
    ids = Numbers.open(folder.resolve(IDS), ShardHeader.TARGET_IDS, arena);
    logProbs = Numbers.open(folder.resolve(LOG_PROBS), ShardHeader.TARGET_LOG_PROBS, arena);
    rest = Numbers.open(folder.resolve(REST), ShardHeader.TARGET_REST, arena);
    long positions = rest.header.tokens();
    boolean together = positions > 0 && rest.header.documents() > 0 && positions % rest.header.documents() == 0
        && ids.header.tokens() % positions == 0 && ids.header.tokens() == logProbs.header.tokens()
        && ids.header.tokenizer() == rest.header.tokenizer() && logProbs.header.tokenizer() == rest.header.tokenizer();
    if (!together) {
      throw new DataException("the files in " + folder + " do not belong together or are damaged; capture the teacher again");
    }
  }

  /// Bytes that the files of so many rows take.
  public static long bytes(long rows, int seqLen, int k) {
    return Math.addExact(3L * ShardHeader.BYTES, Math.multiplyExact(Math.multiplyExact(rows, (long) seqLen), 6L * k + 4));
  }

  /// Maps the files of a folder after checking headers and lengths.
  public static SparseShards open(Path folder) {
    for (String name : new String[] {IDS, LOG_PROBS, REST}) {
      if (!Files.isRegularFile(folder.resolve(name))) {
        throw new DataException("no teacher is captured in " + folder + ": " + name + " is missing; jtorch distill capture writes such folders");
      }
    }
    Arena arena = Arena.ofShared();
    try {
      return new SparseShards(folder, arena);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e instanceof DataException known ? known : new DataException("cannot open the teacher in " + folder + ": " + e.getMessage(), e);
    }
  }

  public Path folder() {
    return folder;
  }

  public long rows() {
    return rest.header.documents();
  }

  public int seqLen() {
    return Math.toIntExact(rest.header.tokens() / rows());
  }

  /// Tokens that are kept of each position.
  public int k() {
    return Math.toIntExact(ids.header.tokens() / rest.header.tokens());
  }

  /// Tokens that the teacher's distribution is over.
  public int vocabSize() {
    return rest.header.vocabSize();
  }

  /// [org.jtorch.text.Tokenizer#fingerprint] of the rows' tokenizer.
  public long tokenizer() {
    return rest.header.tokenizer();
  }

  /// The rows of these numbers, in their order.
  public SparseRows read(long... rowIds) {
    int k = k();
    int seqLen = seqLen();
    int size = Math.multiplyExact(rowIds.length, seqLen);
    var out = new SparseRows(k, new long[Math.multiplyExact(size, k)], new float[size * k], new float[size]);
    for (int r = 0; r < rowIds.length; r++) {
      long from = Objects.checkIndex(rowIds[r], rows()) * seqLen;
      for (int i = 0; i < seqLen * k; i++) {
        int id = ids.values.getAtIndex(INT, from * k + i);
        if (id < 0 || id >= vocabSize()) {
          throw new DataException(folder.resolve(IDS) + " is damaged: row " + rowIds[r] + " has the token " + id + " of " + vocabSize()
              + "; capture the teacher again");
        }
        out.ids()[r * seqLen * k + i] = id;
        out.logProbs()[r * seqLen * k + i] = Float.float16ToFloat(logProbs.values.getAtIndex(SHORT, from * k + i));
      }
      for (int i = 0; i < seqLen; i++) {
        out.rest()[r * seqLen + i] = rest.values.getAtIndex(FLOAT, from + i);
      }
    }
    return out;
  }

  /// Reads everything once and compares the checksums.
  public void verify() {
    verify(ids, IDS);
    verify(logProbs, LOG_PROBS);
    verify(rest, REST);
  }

  private void verify(Numbers numbers, String name) {
    var crc = new CRC32C();
    for (long at = 0; at < numbers.values.byteSize(); at += 1 << 26) {
      crc.update(numbers.values.asSlice(at, Math.min(1 << 26, numbers.values.byteSize() - at)).asByteBuffer());
    }
    if ((int) crc.getValue() != numbers.header.payloadCrc()) {
      throw new DataException(folder.resolve(name) + " is damaged (wrong checksum); capture the teacher again");
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
