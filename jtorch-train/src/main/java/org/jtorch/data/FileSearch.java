package org.jtorch.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jtorch.io.DataException;

/// Finds the files of a source: one file, those of a folder, or those that a glob names.
final class FileSearch {
  private FileSearch() {}

  /// The file itself, the files of a folder and its sub-folders with one of the endings (`.gz` and `.zst` may follow),
  /// or those that match a [Glob] such as `data/**.jsonl.gz`; sorted.
  static List<Path> find(Path path, String... endings) {
    List<Path> found;
    if (Files.isRegularFile(path)) {
      found = List.of(path);
    } else if (Files.isDirectory(path)) {
      found = walk(path, file -> Stream.of(endings).anyMatch(plainName(file)::endsWith));
    } else if (Glob.isGlob(path)) {
      var glob = Glob.of(path);
      found = Files.isDirectory(glob.base()) ? walk(glob.base(), glob::matches) : List.of();
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
}
