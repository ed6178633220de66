package org.jtorch.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;

/// Writes whole segments to a channel, piece by piece: native ones from where they lie, those on the heap through one
/// buffer of this writer.
final class SegmentWriter {
  private static final int PIECE = 8 << 20;
  private static final int COPY = 1 << 20;

  private final WritableByteChannel channel;
  private ByteBuffer copy = ByteBuffer.allocate(0);
  private long written;

  SegmentWriter(WritableByteChannel channel) {
    this.channel = channel;
  }

  void write(MemorySegment segment) throws IOException {
    boolean direct = segment.isNative();
    long most = direct ? PIECE : COPY;
    for (long at = 0; at < segment.byteSize(); at += most) {
      var piece = segment.asSlice(at, Math.min(most, segment.byteSize() - at));
      drain(direct ? piece.asByteBuffer() : copied(piece));
    }
  }

  /// Bytes written so far.
  long written() {
    return written;
  }

  private ByteBuffer copied(MemorySegment piece) {
    if (copy.capacity() < piece.byteSize()) {
      copy = ByteBuffer.allocateDirect((int) piece.byteSize()).order(ByteOrder.nativeOrder());
    }
    copy.clear();
    MemorySegment.ofBuffer(copy).copyFrom(piece);
    return copy.limit((int) piece.byteSize());
  }

  private void drain(ByteBuffer piece) throws IOException {
    while (piece.hasRemaining()) {
      int count = channel.write(piece);
      if (count <= 0) {
        throw new IOException("the file system took no more bytes after " + written);
      }
      written += count;
    }
  }
}
