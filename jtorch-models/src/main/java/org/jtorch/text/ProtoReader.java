package org.jtorch.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Walks through one message of the protobuf wire format, field by field.
///
/// ```java
/// while (message.next()) {
///   switch (message.field()) {
///     case 1 -> name = message.text();
///     default -> message.skip();
///   }
/// }
/// ```
final class ProtoReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;
  private final ByteBuffer in;
  private int field;
  private int wire;

  ProtoReader(byte[] message) {
    this(ByteBuffer.wrap(message));
  }

  private ProtoReader(ByteBuffer in) {
    this.in = in.order(ByteOrder.LITTLE_ENDIAN);
  }

  /// Goes to the next field; false at the end. Each field must be read or skipped.
  boolean next() throws IOException {
    if (!in.hasRemaining()) {
      return false;
    }
    long tag = readVarint();
    field = (int) (tag >>> 3);
    wire = (int) (tag & 7);
    if (field <= 0) {
      throw damaged("a field has the number " + field);
    }
    return true;
  }

  int field() {
    return field;
  }

  long number() throws IOException {
    expect(VARINT);
    return readVarint();
  }

  boolean flag() throws IOException {
    return number() != 0;
  }

  float decimal() throws IOException {
    expect(FIXED32);
    need(4);
    return in.getFloat();
  }

  byte[] bytes() throws IOException {
    ByteBuffer part = part();
    byte[] bytes = new byte[part.remaining()];
    part.get(bytes);
    return bytes;
  }

  String text() throws IOException {
    return new String(bytes(), UTF_8);
  }

  ProtoReader message() throws IOException {
    return new ProtoReader(part());
  }

  void skip() throws IOException {
    switch (wire) {
      case VARINT -> {
        var _ = readVarint();
      }
      case FIXED64 -> advance(8);
      case BYTES -> {
        var _ = part();
      }
      case FIXED32 -> advance(4);
      default -> throw damaged("field " + field + " has the unknown wire type " + wire);
    }
  }

  private ByteBuffer part() throws IOException {
    expect(BYTES);
    long length = readVarint();
    need(length);
    ByteBuffer part = in.slice(in.position(), (int) length);
    advance((int) length);
    return part;
  }

  private void advance(int bytes) throws IOException {
    need(bytes);
    var _ = in.position(in.position() + bytes);
  }

  private long readVarint() throws IOException {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      need(1);
      byte b = in.get();
      value |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw damaged("a number has no end");
  }

  private void expect(int type) throws IOException {
    if (wire != type) {
      throw damaged("field " + field + " has the wire type " + wire + ", not " + type);
    }
  }

  private IOException damaged(String how) {
    return new IOException("damaged at byte " + in.position() + ": " + how);
  }

  private void need(long bytes) throws IOException {
    if (bytes < 0 || bytes > in.remaining()) {
      throw new IOException("it ends early: field " + field + " wants " + bytes + " bytes more but " + in.remaining()
          + " are left");
    }
  }
}
