package org.jtorch.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jtorch.io.DataException;
import org.jtorch.io.Utf8;

/// Finds files by path, folder or glob and opens them, decompressed by their ending, as strict UTF-8 behind
/// the byte order mark that they may begin with.
final class TextFiles {
  private TextFiles() {}

  /// The file itself, the files of a folder and its sub-folders with one of the endings (`.gz` and `.zst` may follow),
  /// or those that match a glob such as `data/**.jsonl.gz`; sorted.
  static List<Path> find(Path path, String... endings) {
    List<Path> found;
    if (Files.isRegularFile(path)) {
      found = List.of(path);
    } else if (Files.isDirectory(path)) {
      found = walk(path, file -> Stream.of(endings).anyMatch(plainName(file)::endsWith));
    } else if (isGlob(path.toString())) {
      PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + path.toAbsolutePath().normalize());
      Path base = globBase(path);
      found = Files.isDirectory(base) ? walk(base, file -> matcher.matches(file.toAbsolutePath().normalize())) : List.of();
    } else {
      throw new DataException("no file or folder " + path + "; give a file, a folder or a glob such as data/*" + endings[0]);
    }
    if (found.isEmpty()) {
      throw new DataException("no files in " + path + "; looked for names ending in " + String.join(", ", endings)
          + ", also with .gz or .zst");
    }
    return found;
  }

  private static List<Path> walk(Path folder, Predicate<Path> wanted) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).filter(wanted).sorted().toList();
    } catch (IOException | UncheckedIOException e) {
      throw new DataException("cannot list " + folder + ": " + Errors.reason(e), e);
    }
  }

  private static String plainName(Path file) {
    return file.getFileName().toString().replaceFirst("\\.(gz|zst)$", "");
  }

  private static boolean isGlob(String text) {
    return text.chars().anyMatch(c -> "*?[{".indexOf(c) >= 0);
  }

  /// The longest parent without a wildcard.
  private static Path globBase(Path path) {
    Path base = path.toAbsolutePath().normalize();
    for (Path up = base; up != null && isGlob(base.toString()); up = up.getParent()) {
      base = up;
    }
    return base;
  }

  static BufferedReader reader(Path file) throws IOException {
    return reader(Files.newInputStream(file), file.toString());
  }

  static BufferedReader reader(InputStream raw, String name) throws IOException {
    try {
      var in = decompressed(new BufferedInputStream(raw, 1 << 16), name);
      var reader = new BufferedReader(new InputStreamReader(in, UTF_8.newDecoder()), 1 << 16);
      Utf8.skipMark(reader);
      return reader;
    } catch (IOException e) {
      raw.close();
      throw e;
    }
  }

  private static InputStream decompressed(InputStream in, String name) throws IOException {
    if (name.endsWith(".gz")) {
      return new GZIPInputStream(in, 1 << 16);
    }
    return name.endsWith(".zst") ? new ZstdInputStream(in) : in;
  }
}
