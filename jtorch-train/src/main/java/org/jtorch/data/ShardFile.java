package org.jtorch.data;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.jtorch.io.DataException;

/// A file of numbers in the making, behind the place of its header, which comes last.
final class ShardFile implements AutoCloseable {
  private final int elementBytes;
  private final FileChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(1 << 20).order(LITTLE_ENDIAN);
  private final CRC32C crc = new CRC32C();

  private ShardFile(FileChannel channel, int elementBytes) {
    this.channel = channel;
    this.elementBytes = elementBytes;
  }

  /// Begins a file that is not there yet.
  static ShardFile create(Path file, int elementBytes) throws IOException {
    var channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    return new ShardFile(channel.position(ShardHeader.BYTES), elementBytes);
  }

  /// Goes on behind the first `elements` numbers of a file and forgets what follows them.
  ///
  /// @throws DataException if those numbers are not there or have another checksum
  static ShardFile goOn(Path file, int elementBytes, long elements, int crc) throws IOException {
    var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      var shard = new ShardFile(channel, elementBytes);
      shard.read(file, elements * elementBytes);
      if ((int) shard.crc.getValue() != crc) {
        throw new DataException(file + " is damaged (wrong checksum of what was written before); delete its folder and begin again");
      }
      channel.truncate(channel.position());
      return shard;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private void read(Path file, long bytes) throws IOException {
    channel.position(ShardHeader.BYTES);
    for (long left = bytes; left > 0; left -= buffer.limit()) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), left));
      while (buffer.hasRemaining()) {
        if (channel.read(buffer) < 0) {
          throw new EOFException(file + " is shorter than what was written before");
        }
      }
      crc.update(buffer.flip());
    }
    buffer.clear();
  }

  void put(long value) throws IOException {
    if (buffer.remaining() < elementBytes) {
      flush();
    }
    switch (elementBytes) {
      case 2 -> buffer.putShort((short) value);
      case 4 -> buffer.putInt((int) value);
      default -> buffer.putLong(value);
    }
  }

  /// The checksum of all numbers so far, which are then with the system.
  int crc() throws IOException {
    flush();
    return (int) crc.getValue();
  }

  private void flush() throws IOException {
    buffer.flip();
    crc.update(buffer.duplicate());
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    buffer.clear();
  }

  /// Brings what was put to the disk.
  void force() throws IOException {
    flush();
    channel.force(true);
  }

  int elementBytes() {
    return elementBytes;
  }

  /// Writes the header, with which the file is whole.
  void finish(ShardHeader header) throws IOException {
    flush();
    ByteBuffer bytes = header.toBytes();
    for (long at = 0; bytes.hasRemaining(); at = bytes.position()) {
      channel.write(bytes, at);
    }
    channel.force(true);
    channel.close();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
