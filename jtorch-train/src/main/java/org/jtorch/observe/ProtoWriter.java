package org.jtorch.observe;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// The few shapes of the protocol buffer wire format that TensorBoard's events need.
final class ProtoWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /// A varint field: int64, enum or bool.
  ProtoWriter number(int field, long value) {
    varint((long) field << 3);
    varint(value);
    return this;
  }

  ProtoWriter fixed64(int field, double value) {
    varint(((long) field << 3) | 1);
    little(Double.doubleToRawLongBits(value), 8);
    return this;
  }

  ProtoWriter fixed32(int field, float value) {
    varint(((long) field << 3) | 5);
    little(Float.floatToRawIntBits(value), 4);
    return this;
  }

  ProtoWriter text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  ProtoWriter message(int field, ProtoWriter value) {
    return bytes(field, value.toBytes());
  }

  private ProtoWriter bytes(int field, byte[] value) {
    varint(((long) field << 3) | 2);
    varint(value.length);
    out.writeBytes(value);
    return this;
  }

  byte[] toBytes() {
    return out.toByteArray();
  }

  private void varint(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  private void little(long bits, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (bits >>> (8 * i)) & 0xFF);
    }
  }
}
