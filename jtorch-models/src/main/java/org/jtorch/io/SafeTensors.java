package org.jtorch.io;

import com.google.errorprone.annotations.MustBeClosed;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.ffm.MappedFile;

/// Opens the weights of a model without reading them: every tensor is a slice of the mapped file.
///
/// ```java
/// try (var weights = SafeTensors.open(Path.of("models/llama-3.2-1b"))) {
///   var norm = weights.get("model.norm.weight");          // F32 [2048]
///   float first = norm.bytes().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
/// }
/// ```
///
/// Segments die with [#close()]. They are aligned as the writer of the file left them; ours are aligned to their
/// element size, others need not be, so use the unaligned layouts.
public final class SafeTensors implements AutoCloseable {
  /// One tensor: its name, its element type (F32 F16 BF16 F64 I64 I32 I16 I8 U8 BOOL), its shape and its bytes,
  /// little-endian and row-major.
  @SuppressWarnings("ArrayRecordComponent") // copied in and out
  public record Entry(String name, String dtype, long[] shape, MemorySegment bytes) {
    public Entry {
      shape = shape.clone();
    }

    @Override
    public long[] shape() {
      return shape.clone();
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Entry(String n, String d, long[] s, MemorySegment b)
          && name.equals(n) && dtype.equals(d) && Arrays.equals(shape, s) && bytes.equals(b);
    }

    @Override
    public int hashCode() {
      return Objects.hash(name, dtype, Arrays.hashCode(shape), bytes);
    }

    @Override
    public String toString() {
      return name + " " + dtype + " " + Arrays.toString(shape);
    }
  }

  private final Path source;
  private final List<MappedFile> files = new ArrayList<>();
  private final SequencedMap<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, Path> homes = new HashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private SafeTensors(Path source) {
    this.source = source;
  }

  /// Opens a `.safetensors` file, a `.safetensors.index.json`, or a folder that holds `model.safetensors` or
  /// `model.safetensors.index.json` (the former wins).
  ///
  /// @throws DataException if a file is missing, damaged or hostile
  @MustBeClosed
  public static SafeTensors open(Path fileOrFolder) {
    ElementTypes.requireLittleEndian(ByteOrder.nativeOrder());
    var weights = new SafeTensors(fileOrFolder);
    try {
      var shards = WeightFiles.locate(fileOrFolder);
      shards.files().forEach(weights::add);
      shards.promised().forEach(weights::requireInShard);
      return weights;
    } catch (RuntimeException | Error e) {
      weights.close();
      throw e;
    }
  }

  private void add(Path path) {
    var file = map(path);
    var header = SafeTensorsHeader.read(path, file.segment());
    header.metadata().forEach(metadata::putIfAbsent);
    for (var item : header.items().values()) {
      var bytes = file.segment().asSlice(header.dataStart() + item.begin(), item.end() - item.begin());
      homes.put(item.name(), path);
      if (entries.putIfAbsent(item.name(), new Entry(item.name(), item.dtype(), item.shape(), bytes)) != null) {
        throw new DataException("tensor '" + item.name() + "' is in two shards of " + source + ", the second is " + path
            + "; download or export the model again");
      }
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // closed with this object
  private MappedFile map(Path path) {
    try {
      var file = MappedFile.open(path);
      files.add(file);
      return file;
    } catch (UncheckedIOException e) {
      throw new DataException("cannot open " + path + ": " + DiskFiles.why(e) + "; check the path and its permissions", e);
    }
  }

  private void requireInShard(String name, Path shard) {
    var home = homes.get(name);
    if (!shard.equals(home)) {
      throw new DataException(source + ": the index puts tensor '" + name + "' into " + shard.getFileName() + ", but "
          + (home == null ? "no shard holds it" : "it lies in " + home.getFileName())
          + "; download or export the model again");
    }
  }

  /// All tensors in the order of the files and their headers.
  public SequencedMap<String, Entry> entries() {
    return Collections.unmodifiableSequencedMap(entries);
  }

  /// The `__metadata__` strings; with several shards the first that names a key wins.
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  /// The tensor called `name`.
  ///
  /// @throws DataException if there is none, with the nearest names there are
  public Entry get(String name) {
    var entry = entries.get(name);
    if (entry == null) {
      throw new DataException(source + " holds no tensor '" + name + "' among its " + entries.size()
          + NearNames.hint(name, entries.keySet()));
    }
    return entry;
  }

  /// The path that was opened.
  public Path source() {
    return source;
  }

  /// Unmaps all files; segments handed out earlier can no longer be read.
  @Override
  public void close() {
    files.forEach(MappedFile::close);
  }
}
