package org.jtorch.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// A file in the making: it grows beside the one it will replace, and [#publish] gives it the final name in one step.
///
/// ```java
/// try (var pending = PendingFile.beside(file)) {
///   Files.writeString(pending.path(), text);
///   pending.publish();
/// }
/// ```
///
/// The final name only ever holds a whole file. Without [#publish], [#close] leaves no trace; what a crash leaves behind is
/// removed by the next write into the folder. [AtomicFile] does all this for content that is at hand, [AtomicFolder] for
/// many files that belong together.
public final class PendingFile implements AutoCloseable {
  private final Path target;
  private final Path path;

  private PendingFile(Path target, Path path) {
    this.target = target;
    this.path = path;
  }

  /// Begins a file for the name `target`, whose folders are made where they are missing.
  public static PendingFile beside(Path target) throws IOException {
    var parent = DiskFiles.parent(target);
    Files.createDirectories(parent);
    var temporary = LeftOvers.temporary(target);
    LeftOvers.sweep(parent, temporary);
    return new PendingFile(target, temporary);
  }

  /// Where to write; nothing is there yet.
  public Path path() {
    return path;
  }

  /// Forces what was written to disk and renames it. Channels to [#path] must be closed before.
  public void publish() throws IOException {
    DiskFiles.force(path);
    Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    DiskFiles.force(DiskFiles.parent(target));
  }

  /// Removes what was not published.
  @Override
  public void close() throws IOException {
    Files.deleteIfExists(path);
  }
}
