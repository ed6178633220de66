package org.jtorch.distill;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jtorch.data.RowSource;
import org.jtorch.data.SparseShards;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.loss.SparseDistillation.Target;
import org.jtorch.loss.SparseTargets.Reduction;

/// A teacher that [Capture] has run over some rows, open.
///
/// @param reduction what was kept of its distributions
public record CapturedTeacher(SparseShards shards, Reduction reduction) implements AutoCloseable {
  /// Whether a folder holds one that is whole.
  public static boolean isIn(Path folder) {
    return Files.isRegularFile(folder.resolve(Capture.DONE));
  }

  /// Opens a folder that [Capture] has finished, and checks its checksums.
  ///
  /// @param rows that a student trains on
  /// @throws DataException if it is not there, not finished, damaged, or of other rows
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static CapturedTeacher open(Path folder, RowSource rows) {
    var facts = facts(folder);
    var shards = SparseShards.open(folder);
    try {
      shards.verify();
      boolean same = facts.requiredLong("rows") == rows.rows() && facts.requiredInt("seq_len") == rows.seqLen()
          && facts.requiredLong("rows_hash") == CaptureIdentity.hash(rows);
      if (!same) {
        throw new DataException("the teacher in " + folder + " was captured on %,d rows of %,d tokens, which are not the %,d rows of %,d tokens here"
            .formatted(shards.rows(), shards.seqLen(), rows.rows(), rows.seqLen())
            + "; train with the text, tokenizer, seq_len and packing that it was captured with, or capture it again");
      }
      return new CapturedTeacher(shards, reduction(folder));
    } catch (RuntimeException e) {
      shards.close();
      throw e;
    }
  }

  private static JsonFile facts(Path folder) {
    if (!isIn(folder)) {
      throw new DataException(folder + " holds no captured teacher (" + Capture.DONE + " is missing); make it with: jtorch distill capture RECIPE"
          + " --teacher FOLDER --out " + folder);
    }
    return JsonFile.open(folder.resolve(Capture.DONE));
  }

  /// What a folder keeps of the distributions.
  public static Reduction reduction(Path folder) {
    String name = facts(folder).requiredString("reduction");
    try {
      return Reduction.valueOf(name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new DataException(folder.resolve(Capture.DONE) + ": the reduction \"" + name + "\" is not known; capture the teacher again", e);
    }
  }

  /// Whether this target can be made of what was kept: [Target#SAMPLED] of draws, the others of the most probable tokens.
  public static boolean fits(Target target, Reduction reduction) {
    return (target == Target.SAMPLED) == (reduction == Reduction.DRAWS);
  }

  @Override
  public void close() {
    shards.close();
  }
}
