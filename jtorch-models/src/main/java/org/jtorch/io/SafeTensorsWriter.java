package org.jtorch.io;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Writes safetensors files, a piece of a tensor in memory at a time; the final name only ever holds a whole file.
///
/// ```java
/// var tensors = new LinkedHashMap<String, SafeTensorsWriter.Source>();
/// tensors.put("wte.weight", new SafeTensorsWriter.Source("F32", new long[] {50_257, 768}, () -> segment));
/// SafeTensorsWriter.write(Path.of("model.safetensors"), tensors);
/// ```
///
/// Tensors keep the order they are given in, except that wide element types come first: so each lies aligned.
public final class SafeTensorsWriter {
  /// Takes the bytes of a tensor, in order, in as many segments as its source likes: native ones are not copied.
  @FunctionalInterface
  public interface Out {
    void write(MemorySegment piece) throws IOException;
  }

  /// Hands over the bytes of a tensor.
  @FunctionalInterface
  public interface Content {
    void writeTo(Out out) throws IOException;
  }

  /// A tensor to write: `content` is asked once, when its turn comes, for exactly shape x type bytes.
  @SuppressWarnings("ArrayRecordComponent") // copied in and out
  public record Source(String dtype, long[] shape, Content content) {
    /// A tensor whose bytes lie in one segment.
    public Source(String dtype, long[] shape, Supplier<MemorySegment> bytes) {
      this(dtype, shape, (Out out) -> out.write(bytes.get()));
    }

    public Source {
      shape = shape.clone();
      try {
        ElementTypes.bytes(dtype, shape);
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException("shape " + Arrays.toString(shape) + " overflows 64 bits", e);
      }
    }

    @Override
    public long[] shape() {
      return shape.clone();
    }

    /// Bytes of the tensor.
    public long byteSize() {
      return ElementTypes.bytes(dtype, shape);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Source(String d, long[] s, Content c)
          && dtype.equals(d) && Arrays.equals(shape, s) && content.equals(c);
    }

    @Override
    public int hashCode() {
      return Objects.hash(dtype, Arrays.hashCode(shape), content);
    }
  }

  /// Opens the file to write; tests put a failing disk here.
  @FunctionalInterface
  interface Opener {
    WritableByteChannel open(Path file) throws IOException;
  }

  private static final Opener DISK =
      file -> FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);

  private SafeTensorsWriter() {}

  /// Writes `tensors` with the metadata `{"format": "pt"}` that Hugging Face asks for.
  public static void write(Path file, SequencedMap<String, Source> tensors) {
    write(file, tensors, Map.of());
  }

  /// Writes `tensors`, replacing `file` in one step; `format` is added to the metadata unless it is there.
  ///
  /// @throws IllegalArgumentException if a source delivers the wrong number of bytes
  /// @throws DataException if the disk is full or fails; the final name is then what it was before
  public static void write(Path file, SequencedMap<String, Source> tensors, Map<String, String> metadata) {
    write(file, tensors, metadata, DISK);
  }

  static void write(Path file, SequencedMap<String, Source> tensors, Map<String, String> metadata, Opener opener) {
    ElementTypes.requireLittleEndian(ByteOrder.nativeOrder());
    var plan = SafeTensorsPlan.of(tensors, metadata);
    try {
      requireSpace(file, plan.byteSize());
      DiskFiles.replace(file, temporary -> fill(temporary, plan, opener));
    } catch (IOException e) {
      throw new DataException("cannot write " + file + ", " + plan.byteSize() + " bytes: " + DiskFiles.why(e)
          + DiskFiles.freeSpace(file) + "; nothing was left under that name that was not there before"
          + "; free some space or choose another disk", e);
    }
  }

  private static void requireSpace(Path file, long bytes) throws IOException {
    long usable = DiskFiles.usableBytes(file);
    if (usable < bytes) {
      throw new IOException("too little space, " + (bytes - usable) + " bytes are lacking");
    }
  }

  private static void fill(Path temporary, SafeTensorsPlan plan, Opener opener) throws IOException {
    try (var channel = opener.open(temporary)) {
      var out = new SegmentWriter(channel);
      out.write(MemorySegment.ofArray(plan.header()));
      for (var tensor : plan.tensors().entrySet()) {
        long before = out.written();
        tensor.getValue().content().writeTo(out::write);
        long delivered = out.written() - before;
        if (delivered != tensor.getValue().byteSize()) {
          throw new IllegalArgumentException("tensor '" + tensor.getKey() + "' delivered " + delivered
              + " bytes, but " + tensor.getValue().dtype() + " " + Arrays.toString(tensor.getValue().shape()) + " needs "
              + tensor.getValue().byteSize());
        }
      }
      if (out.written() != plan.byteSize()) {
        throw new IOException("only " + out.written() + " bytes were written");
      }
    }
    if (Files.size(temporary) != plan.byteSize()) {
      throw new IOException("the file system kept only " + Files.size(temporary) + " bytes");
    }
  }

  /// Writes `model.safetensors`, or, above `maxShardBytes` of tensors, numbered shards and their index, which comes last.
  ///
  /// @throws IllegalArgumentException if the folder holds model weights already: old and new must not mix
  public static void writeSharded(Path folder, SequencedMap<String, Source> tensors, long maxShardBytes) {
    writeSharded(folder, tensors, Map.of(), maxShardBytes);
  }

  /// The same with metadata for every shard.
  public static void writeSharded(
      Path folder, SequencedMap<String, Source> tensors, Map<String, String> metadata, long maxShardBytes) {
    if (maxShardBytes < 1) {
      throw new IllegalArgumentException("maxShardBytes (" + maxShardBytes + ") must be positive, for example 5000000000");
    }
    requireNoWeights(folder);
    var shards = split(tensors, maxShardBytes);
    if (shards.size() == 1) {
      write(folder.resolve(WeightFiles.SINGLE), shards.getFirst(), metadata);
      return;
    }
    var map = JsonNodeFactory.instance.objectNode();
    var written = new ArrayList<Path>();
    try {
      for (int i = 0; i < shards.size(); i++) {
        var name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
        write(folder.resolve(name), shards.get(i), metadata);
        written.add(folder.resolve(name));
        shards.get(i).keySet().forEach(tensor -> map.put(tensor, name));
      }
      writeIndex(folder, tensors, map);
    } catch (RuntimeException | Error e) {
      written.forEach(LeftOvers::discard);
      throw e;
    }
  }

  private static void writeIndex(Path folder, SequencedMap<String, Source> tensors, ObjectNode map) {
    var index = JsonNodeFactory.instance.objectNode();
    index.putObject("metadata").put("total_size", tensors.values().stream().mapToLong(Source::byteSize).sum());
    index.set("weight_map", map);
    JsonFile.write(folder.resolve(WeightFiles.INDEX), index);
  }

  private static void requireNoWeights(Path folder) {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (var files = Files.newDirectoryStream(folder, "model*.safetensors*")) {
      for (var file : files) {
        throw new IllegalArgumentException(folder + " holds weights already: " + file.getFileName()
            + "; delete them or choose another folder, so that old and new weights cannot mix");
      }
    } catch (IOException e) {
      throw new DataException("cannot list " + folder + ": " + DiskFiles.why(e) + "; check its permissions", e);
    }
  }

  private static List<SequencedMap<String, Source>> split(SequencedMap<String, Source> tensors, long maxShardBytes) {
    var shards = new ArrayList<SequencedMap<String, Source>>();
    SequencedMap<String, Source> shard = new LinkedHashMap<>();
    long room = maxShardBytes;
    for (var tensor : tensors.entrySet()) {
      long bytes = tensor.getValue().byteSize();
      if (bytes > room && !shard.isEmpty()) {
        shards.add(shard);
        shard = new LinkedHashMap<>();
        room = maxShardBytes;
      }
      shard.put(tensor.getKey(), tensor.getValue());
      room -= bytes;
    }
    shards.add(shard);
    return shards;
  }
}
