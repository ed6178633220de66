package org.jtorch.distill;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;
import org.jtorch.corpus.PreparationLock;
import org.jtorch.data.Batch;
import org.jtorch.data.GrowingSparseShards;
import org.jtorch.data.GrowingSparseShards.Layout;
import org.jtorch.data.GrowingSparseShards.Mark;
import org.jtorch.data.RowSource;
import org.jtorch.data.SparseRows;
import org.jtorch.data.SparseShards;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.CausalLm;
import org.jtorch.io.DataException;
import org.jtorch.io.DiskSpace;
import org.jtorch.io.JsonFile;
import org.jtorch.loss.SparseTargets;
import org.jtorch.loss.SparseTargets.Reduction;
import org.jtorch.observe.Units;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.text.Tokenizer;
import org.jtorch.train.BatchTensors;

/// Runs a teacher once over the rows of a corpus and keeps what it says of each position, so that any number of students learn from
/// it at the cost of plain training. A folder holds [SparseShards] and `captured.json`, which is written last.
///
/// A capture that was cut off at any moment goes on from its last mark, by calling this again, and ends in the same bits. One process
/// at a time captures into a folder; the others wait for it.
public final class Capture {
  static final String DONE = "captured.json";
  private static final String JOURNAL = "capturing.json";
  private static final double MARK_SECONDS = 10;

  private final CausalLm teacher;
  private final RowSource rows;
  private final CaptureIdentity identity;
  private final Path folder;
  private final LongSupplier nanoTime;

  /// @param tokenizer that the rows' tokens are of, and the teacher's
  /// @param folder new, or one in which this capture is or is being made
  public Capture(CausalLm teacher, RowSource rows, Tokenizer tokenizer, CaptureSettings settings, Path folder) {
    this(teacher, rows, tokenizer, settings, folder, System::nanoTime);
  }

  Capture(CausalLm teacher, RowSource rows, Tokenizer tokenizer, CaptureSettings settings, Path folder, LongSupplier nanoTime) {
    if (teacher.vocabSize() < tokenizer.vocabSize()) {
      throw new IllegalArgumentException("the tokenizer has " + tokenizer.vocabSize() + " tokens but the teacher " + teacher.vocabSize()
          + "; use the teacher's own tokenizer");
    }
    if (settings.k() > tokenizer.vocabSize()) {
      throw new IllegalArgumentException("`k` is " + settings.k() + " but there are " + tokenizer.vocabSize() + " tokens; 64 is usual");
    }
    if (!teacher.fits(rows.seqLen())) {
      throw new IllegalArgumentException("rows have " + rows.seqLen() + " tokens but the teacher allows " + teacher.maxPositions()
          + " positions (`max_position_embeddings`); use shorter rows");
    }
    this.teacher = teacher;
    this.rows = rows;
    this.folder = folder;
    this.nanoTime = nanoTime;
    this.identity = CaptureIdentity.of(settings, teacher, rows, tokenizer);
  }

  /// Bytes that the files will take.
  public long bytes() {
    return SparseShards.bytes(rows.rows(), rows.seqLen(), identity.settings().k());
  }

  /// Captures what is not captured yet.
  ///
  /// @param note takes sentences about what is done, with rate and time left every ten seconds
  /// @param stop asked after every batch: true ends the capture soon, and the next goes on from there
  /// @return false if it was asked to stop before the end
  /// @throws DataException if the disk has not the room or fails, or the folder holds something else
  public boolean run(Consumer<String> note, BooleanSupplier stop) {
    var settings = identity.settings();
    String what = "%,d rows of %,d tokens, %s".formatted(rows.rows(), rows.seqLen(),
        settings.reduction() == Reduction.TOP ? "the " + settings.k() + " most probable of each" : settings.k() + " draws of each");
    note.accept("the teacher's targets take " + Units.bytes(bytes()) + ": " + what);
    if (!Files.isDirectory(folder)) {
      DiskSpace.require(folder, bytes(), "the teacher's targets");
    }
    try (var lock = PreparationLock.take(folder, note, stop)) {
      return lock != null && (isDone() || capture(note, stop));
    }
  }

  private boolean isDone() {
    if (!Files.exists(folder.resolve(DONE))) {
      return false;
    }
    requireSame(folder.resolve(DONE));
    return true;
  }

  private void requireSame(Path file) {
    if (!identity.is(JsonFile.open(file))) {
      throw new DataException(file + " says that another teacher, other rows or other settings were captured there; choose another folder,"
          + " or remove that one");
    }
  }

  private boolean capture(Consumer<String> note, BooleanSupplier stop) {
    var layout = new Layout(rows.seqLen(), identity.settings().k(), identity.vocab(), identity.tokenizer());
    Path journal = folder.resolve(JOURNAL);
    Mark from = Files.exists(journal) ? mark(journal) : new Mark(0, 0, 0, 0);
    DiskSpace.require(folder, bytes() - SparseShards.bytes(from.rows(), rows.seqLen(), layout.k()), "the rest of the teacher's targets");
    if (from.rows() > 0) {
      note.accept("going on after row %,d of %,d".formatted(from.rows(), rows.rows()));
    }
    try (var shards = from.rows() == 0 ? GrowingSparseShards.begin(folder, layout) : GrowingSparseShards.goOn(folder, layout, from)) {
      if (!fill(shards, journal, note, stop)) {
        return false;
      }
      shards.finish();
      JsonFile.write(folder.resolve(DONE), identity.json());
      Files.deleteIfExists(journal);
      return true;
    } catch (IOException e) {
      throw new DataException("cannot write to " + folder + ": " + e.getMessage(), e);
    }
  }

  /// Batch after batch; a mark at the first, every ten seconds and where it is asked to stop.
  private boolean fill(GrowingSparseShards shards, Path journal, Consumer<String> note, BooleanSupplier stop) {
    long begun = shards.rows();
    long started = nanoTime.getAsLong();
    long marked = Long.MIN_VALUE;
    boolean stopped = false;
    while (shards.rows() < rows.rows() && !stopped) {
      shards.add(batch(shards.rows()));
      stopped = stop.getAsBoolean();
      long now = nanoTime.getAsLong();
      if (stopped || marked == Long.MIN_VALUE || (now - marked) / 1e9 >= MARK_SECONDS) {
        write(journal, shards.mark());
        marked = now;
        note.accept(progress(shards.rows(), shards.rows() - begun, (now - started) / 1e9));
      }
    }
    return shards.rows() == rows.rows();
  }

  private String progress(long done, long fresh, double seconds) {
    double rate = fresh / seconds;
    return "row %,d of %,d, %s tokens/s, %s left".formatted(done, rows.rows(), Units.count(rate * rows.seqLen()),
        Units.time((rows.rows() - done) / rate));
  }

  private SparseRows batch(long first) {
    var settings = identity.settings();
    Batch batch = TokenBatches.gather(rows, LongStream.range(first, Math.min(first + settings.batch(), rows.rows())).toArray());
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var hidden = Teaching.hidden(teacher, batch, BatchTensors.of(batch, teacher.device()));
      var found = settings.reduction() == Reduction.TOP
          ? SparseTargets.top(teacher, hidden, batch.targets(), identity.vocab(), settings.k())
          : SparseTargets.drawn(teacher, hidden, batch.targets(), identity.vocab(), settings.k(), Rng.at(settings.seed(), first << 24));
      return new SparseRows(settings.k(), found.ids().toLongs(), found.logProbs().to(DType.F32).toFloats(), found.rest().to(DType.F32).toFloats());
    }
  }

  private void write(Path journal, Mark mark) {
    JsonFile.write(journal, identity.json().put("done", mark.rows()).put("ids_crc", mark.idsCrc()).put("logprobs_crc", mark.logProbsCrc())
        .put("rest_crc", mark.restCrc()));
  }

  private Mark mark(Path journal) {
    requireSame(journal);
    var json = JsonFile.open(journal);
    return new Mark(json.requiredLong("done"), json.requiredInt("ids_crc"), json.requiredInt("logprobs_crc"), json.requiredInt("rest_crc"));
  }
}
