package org.jtorch.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// A safetensors file before it is written: the header bytes, the tensors in file order, the size of it all.
@SuppressWarnings("ArrayRecordComponent") // stays in this package
record SafeTensorsPlan(byte[] header, SequencedMap<String, SafeTensorsWriter.Source> tensors, long byteSize) {
  private static final JsonFactory JSON = new JsonFactory();

  static SafeTensorsPlan of(SequencedMap<String, SafeTensorsWriter.Source> given, Map<String, String> metadata) {
    if (given.containsKey(SafeTensorsHeader.METADATA)) {
      throw new IllegalArgumentException(
          "a tensor cannot be called " + SafeTensorsHeader.METADATA + ": the format keeps that name; rename it");
    }
    var tensors = widestFirst(given);
    var header = header(tensors, metadata);
    long bytes = header.length;
    for (var tensor : tensors.values()) {
      bytes = Math.addExact(bytes, tensor.byteSize());
    }
    return new SafeTensorsPlan(header, tensors, bytes);
  }

  private static SequencedMap<String, SafeTensorsWriter.Source> widestFirst(
      SequencedMap<String, SafeTensorsWriter.Source> given) {
    var order = new ArrayList<>(given.entrySet());
    order.sort(Comparator.comparingInt(tensor -> -ElementTypes.size(tensor.getValue().dtype())));
    var sorted = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    order.forEach(tensor -> sorted.put(tensor.getKey(), tensor.getValue()));
    return sorted;
  }

  /// Length, JSON and the spaces that make the data begin at a multiple of eight.
  private static byte[] header(SequencedMap<String, SafeTensorsWriter.Source> tensors, Map<String, String> metadata) {
    var out = new ByteArrayOutputStream();
    try (var json = JSON.createGenerator(out)) {
      json.writeStartObject();
      metadata(json, metadata);
      long at = 0;
      for (var tensor : tensors.entrySet()) {
        at = tensor(json, tensor.getKey(), tensor.getValue(), at);
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a header in memory cannot fail", e);
    }
    return framed(out.toByteArray());
  }

  private static byte[] framed(byte[] text) {
    int length = Math.ceilDiv(text.length, 8) * 8;
    if (length > SafeTensorsHeader.MAX_BYTES) {
      throw new IllegalArgumentException("the header would have " + length + " bytes, above the format's limit of "
          + SafeTensorsHeader.MAX_BYTES + "; write fewer tensors per file, see writeSharded");
    }
    var header = new byte[Long.BYTES + length];
    Arrays.fill(header, (byte) ' ');
    ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(text);
    return header;
  }

  private static void metadata(JsonGenerator json, Map<String, String> metadata) throws IOException {
    var all = new LinkedHashMap<String, String>();
    all.put("format", "pt");
    all.putAll(metadata);
    json.writeObjectFieldStart(SafeTensorsHeader.METADATA);
    for (var pair : all.entrySet()) {
      json.writeStringField(pair.getKey(), pair.getValue());
    }
    json.writeEndObject();
  }

  private static long tensor(JsonGenerator json, String name, SafeTensorsWriter.Source tensor, long begin)
      throws IOException {
    long end = begin + tensor.byteSize();
    var shape = tensor.shape();
    json.writeObjectFieldStart(name);
    json.writeStringField("dtype", tensor.dtype());
    json.writeFieldName("shape");
    json.writeArray(shape, 0, shape.length);
    json.writeFieldName("data_offsets");
    json.writeArray(new long[] {begin, end}, 0, 2);
    json.writeEndObject();
    return end;
  }
}
