package org.jtorch.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// The few file system steps that crash-safe writing is made of.
final class DiskFiles {
  private static final boolean WINDOWS = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");

  /// Fills a file that does not exist yet under its final name.
  @FunctionalInterface
  interface Filler {
    void fill(Path temporary) throws IOException;
  }

  private DiskFiles() {}

  /// Lets `filler` write a temporary file beside `file`, forces it to disk and renames it; the final name only ever
  /// holds a whole file.
  static void replace(Path file, Filler filler) throws IOException {
    try (var pending = PendingFile.beside(file)) {
      filler.fill(pending.path());
      pending.publish();
    }
  }

  /// Forces a file or a folder to disk. Windows cannot force folders; there the call does nothing for them.
  static void force(Path path) throws IOException {
    boolean folder = Files.isDirectory(path);
    if (folder && WINDOWS) {
      return;
    }
    try (var channel = FileChannel.open(path, folder ? StandardOpenOption.READ : StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /// All regular files below `folder`, sorted; links and other things that a checksum cannot vouch for are refused.
  static List<Path> files(Path folder) throws IOException {
    try (var walk = Files.walk(folder)) {
      var paths = walk.filter(path -> !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)).sorted().toList();
      for (var path : paths) {
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
          throw new IOException(path + " is a link or a special file; write a plain file instead");
        }
      }
      return paths;
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /// All folders below `folder`, deepest first, itself last.
  static List<Path> folders(Path folder) throws IOException {
    try (var walk = Files.walk(folder)) {
      return walk.filter(path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
          .sorted(Comparator.reverseOrder()).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /// Deletes a folder and all it holds, without following links; a missing folder is fine.
  static void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    List<Path> paths;
    try (var walk = Files.walk(folder)) {
      paths = walk.sorted(Comparator.reverseOrder()).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    for (var path : paths) {
      Files.deleteIfExists(path);
    }
  }

  /// Bytes that can still be written where `path` is or would be.
  static long usableBytes(Path path) throws IOException {
    var existing = path.toAbsolutePath();
    while (!Files.exists(existing)) {
      existing = parent(existing);
    }
    return Files.getFileStore(existing).getUsableSpace();
  }

  /// What went wrong, in words: the bare text where it says enough, else with the kind of failure before it.
  static String why(Exception e) {
    if (e instanceof UncheckedIOException && e.getCause() instanceof IOException cause) {
      return why(cause);
    }
    boolean plain = e.getClass() == IOException.class || e instanceof DataException;
    return plain && e.getMessage() != null ? e.getMessage() : e.getClass().getSimpleName() + ": " + e.getMessage();
  }

  /// " (1234 bytes free on its disk)", or why that is not known; never throws.
  static String freeSpace(Path path) {
    try {
      return " (" + usableBytes(path) + " bytes free on its disk)";
    } catch (IOException e) {
      return " (free space unknown: " + e.getMessage() + ")";
    }
  }

  static Path parent(Path path) {
    var parent = path.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException(path + " is the root of the file system; name a file or folder in it");
    }
    return parent;
  }
}
