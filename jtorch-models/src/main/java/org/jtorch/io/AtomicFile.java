package org.jtorch.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Writes one big file as a stream of segments; its final name only ever holds a whole file.
public final class AtomicFile {
  /// Where the bytes go.
  public static final class Out {
    private final SegmentWriter writer;

    private Out(SegmentWriter writer) {
      this.writer = writer;
    }

    /// Appends the bytes of a segment, native or on the heap.
    public void write(MemorySegment bytes) throws IOException {
      writer.write(bytes);
    }

    /// Bytes written so far.
    public long position() {
      return writer.written();
    }
  }

  /// Writes the whole file.
  @FunctionalInterface
  public interface Body {
    void write(Out out) throws IOException;
  }

  private AtomicFile() {}

  /// Replaces `file` by what `body` writes.
  ///
  /// @param bytes how many bytes that will be: checked against the free space before, and against what was written after
  /// @throws DataException if the disk is full or fails; the final name is then what it was before
  public static void write(Path file, long bytes, Body body) {
    try {
      long usable = DiskFiles.usableBytes(file);
      if (usable < bytes) {
        throw new IOException("too little space, " + (bytes - usable) + " bytes are lacking");
      }
      DiskFiles.replace(file, temporary -> fill(temporary, bytes, body));
    } catch (IOException e) {
      throw new DataException("cannot write " + file + ", " + bytes + " bytes: " + DiskFiles.why(e) + DiskFiles.freeSpace(file)
          + "; nothing was left under that name that was not there before; free some space or choose another disk", e);
    }
  }

  private static void fill(Path temporary, long bytes, Body body) throws IOException {
    try (var channel = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      var out = new Out(new SegmentWriter(channel));
      body.write(out);
      if (out.position() != bytes) {
        throw new IllegalStateException(out.position() + " bytes were written, but " + bytes + " were announced");
      }
    }
  }
}
