package org.jtorch.observe;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/// A TFRecord file: each record is its length, a checksum of the length, the bytes, and a checksum of the bytes.
final class RecordFile implements AutoCloseable {
  private final OutputStream out;

  RecordFile(OutputStream out) {
    this.out = new BufferedOutputStream(out);
  }

  /// @throws java.nio.file.FileAlreadyExistsException if the file is there
  static RecordFile create(Path file) throws IOException {
    return new RecordFile(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW));
  }

  void append(byte[] record) throws IOException {
    var length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(record.length).array();
    out.write(length);
    out.write(checksum(length));
    out.write(record);
    out.write(checksum(record));
  }

  void flush() throws IOException {
    out.flush();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  /// CRC-32C, rotated by 15 bits with a constant added: the format masks it, so that checksums of data
  /// that holds checksums keep their strength.
  static int maskedCrc(byte[] data) {
    var crc = new CRC32C();
    crc.update(data);
    return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
  }

  private static byte[] checksum(byte[] data) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(maskedCrc(data)).array();
  }
}
