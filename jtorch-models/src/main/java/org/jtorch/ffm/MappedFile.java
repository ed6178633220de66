package org.jtorch.ffm;

import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/// A whole file mapped read-only as one segment, beyond 2 GiB too.
///
/// ```java
/// try (var file = MappedFile.open(Path.of("tokens.bin"))) {
///   int first = file.segment().get(ValueLayout.JAVA_INT_UNALIGNED, 0);
/// }
/// ```
///
/// The mapping lives in a shared arena of its own: any thread may read, and after [#close()] every slice
/// answers with an [IllegalStateException] instead of a crash. Nothing is read until a page is touched.
/// A file that another process cuts short while it is mapped makes the JVM throw [InternalError] on the lost
/// pages, so replace data files by renaming, never in place.
public final class MappedFile implements AutoCloseable {
  private final Path path;
  private final Arena arena;
  private final MemorySegment segment;

  private MappedFile(Path path, Arena arena, MemorySegment segment) {
    this.path = path;
    this.arena = arena;
    this.segment = segment;
  }

  /// Maps `path`.
  ///
  /// @throws UncheckedIOException if the file is missing, is a folder or cannot be mapped
  @MustBeClosed
  public static MappedFile open(Path path) {
    var arena = Arena.ofShared();
    try {
      return new MappedFile(path, arena, map(path, arena));
    } catch (IOException e) {
      arena.close();
      throw new UncheckedIOException(e);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static MemorySegment map(Path path, Arena arena) throws IOException {
    if (Files.isDirectory(path)) {
      throw new IOException(path + " is a folder, not a file; name a file inside it");
    }
    try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    } catch (NoSuchFileException e) {
      var missing = new NoSuchFileException(path.toString(), null, "there is no such file; check the path");
      missing.initCause(e);
      throw missing;
    }
  }

  /// The whole file.
  ///
  /// @throws IllegalStateException if the file is closed
  public MemorySegment segment() {
    if (!arena.scope().isAlive()) {
      throw closed(null);
    }
    return segment;
  }

  /// The file that was mapped.
  public Path path() {
    return path;
  }

  /// Bytes in the file when it was opened.
  public long size() {
    return segment.byteSize();
  }

  /// Turns the JDK's bare "Already closed" into a sentence with the file's name; other failures come back as they are.
  public IllegalStateException explain(IllegalStateException failure) {
    return arena.scope().isAlive() ? failure : closed(failure);
  }

  private IllegalStateException closed(@Nullable Throwable cause) {
    var text = path + " is closed: its bytes were read after close(); keep the file open as long as its segments are used";
    return new IllegalStateException(text, cause);
  }

  /// Unmaps the file; a second call does nothing.
  ///
  /// @throws IllegalStateException if a native call or another thread is reading it right now; close again later
  @Override
  public synchronized void close() {
    if (!arena.scope().isAlive()) {
      return;
    }
    try {
      arena.close();
    } catch (IllegalStateException e) {
      throw new IllegalStateException(path + " cannot be closed while it is being read: wait for the readers first", e);
    }
  }
}
