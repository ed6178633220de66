package org.jtorch.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Writes one file whole or not at all: under its final name there is only ever a whole one, the old or the new.
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

  /// Replaces `file` by a text in UTF-8.
  ///
  /// @throws DataException if the disk is full or fails; the final name is then what it was before
  public static void write(Path file, String text) {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /// As [#write(Path,String)], for bytes.
  public static void write(Path file, byte[] content) {
    replace(file, temporary -> Files.write(temporary, content));
  }

  /// Replaces `file` by the content of another.
  ///
  /// @throws DataException if `from` cannot be read, or the disk is full or fails; the final name is then what it was before
  public static void copy(Path from, Path file) {
    replace(file, temporary -> Files.copy(from, temporary));
  }

  private static void replace(Path file, DiskFiles.Filler filler) {
    try {
      DiskFiles.replace(file, filler);
    } catch (IOException e) {
      throw DataException.cannotWrite(file, e);
    }
  }

  /// Replaces `file`, which may be big, by the segments that `body` writes.
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
