package org.jtorch.corpus;

import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jtorch.data.SourceFile;
import org.jtorch.data.TextSource;

/// What every step of a preparation works with.
///
/// @param note takes what a person may want to know meanwhile
/// @param stop true once the preparation is asked to end
/// @param markBytes text between two marks from which another process can go on
record Workplace(BatchPipeline pipeline, Consumer<String> note, BooleanSupplier stop, LongSupplier nanoTime, long markBytes) {
  /// @param begun bytes of the source's files that were read before
  ReadingProgress progress(String what, TextSource source, long begun) {
    long total = source.files().stream().mapToLong(SourceFile::bytes).sum();
    return new ReadingProgress(what, total, begun, note, nanoTime);
  }
}
