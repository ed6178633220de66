package org.jtorch.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;

/// Writes whole segments, native or on the heap, to a channel, piece by piece.
final class SegmentWriter {
  private static final int PIECE = 8 << 20;

  private final WritableByteChannel channel;
  private long written;

  SegmentWriter(WritableByteChannel channel) {
    this.channel = channel;
  }

  void write(MemorySegment segment) throws IOException {
    boolean direct = segment.isNative();
    var copy = direct ? ByteBuffer.allocate(0) : buffer(segment.byteSize());
    for (long at = 0; at < segment.byteSize(); at += PIECE) {
      var piece = segment.asSlice(at, Math.min(PIECE, segment.byteSize() - at));
      drain(direct ? piece.asByteBuffer() : filled(copy, piece));
    }
  }

  /// Bytes written so far.
  long written() {
    return written;
  }

  private static ByteBuffer buffer(long bytes) {
    return ByteBuffer.allocateDirect((int) Math.min(PIECE, bytes)).order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer filled(ByteBuffer copy, MemorySegment piece) {
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
