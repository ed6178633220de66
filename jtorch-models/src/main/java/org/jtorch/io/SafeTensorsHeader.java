package org.jtorch.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// Reads and checks the header of one safetensors file: eight bytes of length, then JSON, then the data.
///
/// The file is taken for hostile: whatever the bytes are, the outcome is a checked header or a [DataException].
final class SafeTensorsHeader {
  static final String METADATA = "__metadata__";
  static final long MAX_BYTES = 100_000_000;

  private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int MAX_NAME = 65_536;
  private static final int MAX_LIST = 64;
  private static final JsonFactory JSON = JsonFactory.builder()
      .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(16).maxNameLength(MAX_NAME).build())
      .build();

  /// One tensor as the header tells it; offsets count from the end of the header.
  @SuppressWarnings("ArrayRecordComponent") // stays in this package
  record Item(String name, String dtype, long[] shape, long begin, long end) {}

  private final Path file;
  private final SequencedMap<String, Item> items = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private long dataStart;
  private boolean metadataSeen;

  private SafeTensorsHeader(Path file) {
    this.file = file;
  }

  static SafeTensorsHeader read(Path file, MemorySegment bytes) {
    var header = new SafeTensorsHeader(file);
    var text = header.text(bytes);
    try (var parser = JSON.createParser(text)) {
      header.object(parser);
    } catch (JsonProcessingException e) {
      throw header.bad("its header is broken JSON at " + place(e) + ": " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw header.bad("its header cannot be read: " + e.getMessage(), e);
    }
    SafeTensorsLayout.check(header.items.values(), bytes.byteSize() - header.dataStart, header::bad);
    return header;
  }

  SequencedMap<String, Item> items() {
    return items;
  }

  Map<String, String> metadata() {
    return metadata;
  }

  /// Where the data begins in the file.
  long dataStart() {
    return dataStart;
  }

  private String text(MemorySegment bytes) {
    if (bytes.byteSize() < Long.BYTES) {
      throw bad("it has " + bytes.byteSize() + " bytes, and a safetensors file begins with 8 bytes of header length");
    }
    long length = bytes.get(LENGTH, 0);
    if (length < 0 || length > MAX_BYTES) {
      throw bad("its header length is " + Long.toUnsignedString(length) + " bytes, above the limit of " + MAX_BYTES
          + "; is it a safetensors file at all?");
    }
    if (length > bytes.byteSize() - Long.BYTES) {
      throw bad("its header should have " + length + " bytes, but only " + (bytes.byteSize() - Long.BYTES) + " follow");
    }
    dataStart = Long.BYTES + length;
    var header = bytes.asSlice(Long.BYTES, length);
    if (length == 0 || header.get(ValueLayout.JAVA_BYTE, 0) != '{') {
      throw bad("its header is not a JSON object: it must begin with '{'");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(header.asByteBuffer()).toString();
    } catch (CharacterCodingException e) {
      throw bad("its header is not UTF-8 text", e);
    }
  }

  private void object(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw bad("its header is not a JSON object");
    }
    for (var name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
      parser.nextToken();
      if (name.equals(METADATA)) {
        metadata(parser);
      } else if (items.putIfAbsent(name, item(name, parser)) != null) {
        throw bad("its header lists tensor '" + name + "' twice");
      }
    }
    if (parser.nextToken() != null) {
      throw bad("its header goes on after the closing '}'");
    }
  }

  private void metadata(JsonParser parser) throws IOException {
    if (metadataSeen || !parser.hasToken(JsonToken.START_OBJECT)) {
      throw bad(METADATA + " must be one object of strings");
    }
    metadataSeen = true;
    for (var key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
      if (parser.nextToken() != JsonToken.VALUE_STRING) {
        throw bad(METADATA + " '" + key + "' must be a string");
      }
      if (metadata.putIfAbsent(key, parser.getText()) != null) {
        throw bad(METADATA + " lists '" + key + "' twice");
      }
    }
  }

  private Item item(String name, JsonParser parser) throws IOException {
    if (!parser.hasToken(JsonToken.START_OBJECT)) {
      throw bad("tensor '" + name + "' must be an object with dtype, shape and data_offsets");
    }
    String dtype = null;
    long[] shape = null;
    long[] offsets = null;
    for (var key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
      parser.nextToken();
      switch (key) {
        case "dtype" -> dtype = once(name, key, dtype, parser.hasToken(JsonToken.VALUE_STRING) ? parser.getText() : null);
        case "shape" -> shape = once(name, key, shape, longs(parser));
        case "data_offsets" -> offsets = once(name, key, offsets, longs(parser));
        default -> parser.skipChildren();
      }
    }
    return checked(name, dtype, shape, offsets);
  }

  /// A value that is there, is of the right kind and was not there before.
  private <T> T once(String name, String key, @Nullable T earlier, @Nullable T value) {
    if (earlier != null) {
      throw bad("tensor '" + name + "' has " + key + " twice");
    }
    if (value == null) {
      throw bad("tensor '" + name + "': " + key + " must be "
          + (key.equals("dtype") ? "a string" : "a list of at most " + MAX_LIST + " non-negative 64-bit integers"));
    }
    return value;
  }

  private static long @Nullable [] longs(JsonParser parser) throws IOException {
    if (!parser.hasToken(JsonToken.START_ARRAY)) {
      return null;
    }
    var values = new long[4];
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (!parser.hasToken(JsonToken.VALUE_NUMBER_INT) || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
          || parser.getLongValue() < 0 || count == MAX_LIST) {
        return null;
      }
      values = count == values.length ? Arrays.copyOf(values, 2 * count) : values;
      values[count++] = parser.getLongValue();
    }
    return Arrays.copyOf(values, count);
  }

  private Item checked(String name, @Nullable String dtype, long @Nullable [] shape, long @Nullable [] offsets) {
    if (dtype == null || shape == null || offsets == null) {
      var lost = dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets";
      throw bad("tensor '" + name + "' has no " + lost);
    }
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw bad("tensor '" + name + "': data_offsets " + Arrays.toString(offsets) + " must be [begin, end], begin <= end");
    }
    long needed;
    try {
      needed = ElementTypes.bytes(dtype, shape);
    } catch (IllegalArgumentException e) {
      throw bad("tensor '" + name + "': " + e.getMessage(), e);
    } catch (ArithmeticException e) {
      throw bad("tensor '" + name + "': shape " + Arrays.toString(shape) + " overflows 64 bits", e);
    }
    if (offsets[1] - offsets[0] != needed) {
      throw bad("tensor '" + name + "': " + dtype + " " + Arrays.toString(shape) + " needs " + needed
          + " bytes, but data_offsets " + Arrays.toString(offsets) + " hold " + (offsets[1] - offsets[0]));
    }
    return new Item(name, dtype, shape, offsets[0], offsets[1]);
  }

  private static String place(JsonProcessingException e) {
    var at = e.getLocation();
    return at == null ? "an unknown place" : "line " + at.getLineNr() + ", column " + at.getColumnNr();
  }

  private DataException bad(String what) {
    return new DataException(message(what));
  }

  private DataException bad(String what, Exception cause) {
    return new DataException(message(what), cause);
  }

  private String message(String what) {
    return file + " is not a usable safetensors file: " + NearNames.printable(what) + "; download or export the file again";
  }
}
