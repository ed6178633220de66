package org.jtorch.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// [SparseShards] in the making that outlive their process: what is behind a [Mark] is on the disk, and another process goes on from
/// there with the same bits.
public final class GrowingSparseShards implements AutoCloseable {
  /// How far the files are.
  public record Mark(long rows, int idsCrc, int logProbsCrc, int restCrc) {}

  /// What the rows are.
  ///
  /// @param vocabSize tokens that the teacher's distribution is over
  /// @param tokenizer [Tokenizer#fingerprint] of the rows' tokenizer
  public record Layout(int seqLen, int k, int vocabSize, long tokenizer) {}

  private final Path folder;
  private final Layout layout;
  private final ShardFile ids;
  private final ShardFile logProbs;
  private final ShardFile rest;
  private long rows;

  private GrowingSparseShards(Path folder, Layout layout, ShardFile ids, ShardFile logProbs, ShardFile rest, long rows) {
    this.folder = folder;
    this.layout = layout;
    this.ids = ids;
    this.logProbs = logProbs;
    this.rest = rest;
    this.rows = rows;
  }

  /// Begins the files, in place of what is in the folder of an attempt before the first mark.
  public static GrowingSparseShards begin(Path folder, Layout layout) {
    try {
      Files.createDirectories(folder);
      for (String name : new String[] {SparseShards.IDS, SparseShards.LOG_PROBS, SparseShards.REST}) {
        Files.deleteIfExists(folder.resolve(name));
      }
      return new GrowingSparseShards(folder, layout, ShardFile.create(folder.resolve(SparseShards.IDS), Integer.BYTES),
          ShardFile.create(folder.resolve(SparseShards.LOG_PROBS), Short.BYTES), ShardFile.create(folder.resolve(SparseShards.REST), Float.BYTES), 0);
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /// Goes on from a mark; what was written behind it is forgotten.
  ///
  /// @throws DataException if what is before the mark is damaged
  public static GrowingSparseShards goOn(Path folder, Layout layout, Mark from) {
    long positions = from.rows * layout.seqLen;
    try {
      return new GrowingSparseShards(folder, layout,
          ShardFile.goOn(folder.resolve(SparseShards.IDS), Integer.BYTES, positions * layout.k, from.idsCrc),
          ShardFile.goOn(folder.resolve(SparseShards.LOG_PROBS), Short.BYTES, positions * layout.k, from.logProbsCrc),
          ShardFile.goOn(folder.resolve(SparseShards.REST), Float.BYTES, positions, from.restCrc), from.rows);
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /// Adds whole rows.
  public void add(SparseRows more) {
    if (more.k() != layout.k || more.positions() % layout.seqLen != 0) {
      throw new IllegalArgumentException(more.positions() + " positions with " + more.k() + " tokens each are no rows of " + layout);
    }
    try {
      for (long id : more.ids()) {
        ids.put(id);
      }
      for (float logProb : more.logProbs()) {
        logProbs.put(Float.floatToFloat16(logProb));
      }
      for (float mass : more.rest()) {
        rest.put(Float.floatToRawIntBits(mass));
      }
      rows += more.positions() / layout.seqLen;
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  public long rows() {
    return rows;
  }

  /// Brings everything to the disk.
  public Mark mark() {
    try {
      ids.force();
      logProbs.force();
      rest.force();
      return new Mark(rows, ids.crc(), logProbs.crc(), rest.crc());
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /// Writes the headers: from now on [SparseShards#open] opens the folder.
  public void finish() {
    try {
      ids.finish(header(ShardHeader.TARGET_IDS, ids, layout.k));
      logProbs.finish(header(ShardHeader.TARGET_LOG_PROBS, logProbs, layout.k));
      rest.finish(header(ShardHeader.TARGET_REST, rest, 1));
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  private ShardHeader header(int kind, ShardFile file, int each) throws IOException {
    return new ShardHeader(kind, file.elementBytes(), layout.vocabSize, layout.tokenizer, rows * layout.seqLen * each, rows, 0, file.crc());
  }

  private static DataException failed(Path folder, IOException e) {
    return new DataException("cannot write to " + folder + ": " + e.getMessage() + "; free some space and start again: it goes on from here", e);
  }

  @Override
  public void close() {
    try {
      ids.close();
      logProbs.close();
      rest.close();
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }
}
