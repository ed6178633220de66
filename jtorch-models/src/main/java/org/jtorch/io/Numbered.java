package org.jtorch.io;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Folders called by a prefix and a number, such as `step-2000`.
final class Numbered {
  private static final Pattern DIGITS = Pattern.compile("[0-9]{1,30}");

  private Numbered() {}

  /// The folders in `parent` called `prefix` and a number, the highest number first.
  static List<Path> newestFirst(Path parent, String prefix) {
    if (!Files.isDirectory(parent)) {
      return List.of();
    }
    var found = new ArrayList<Path>();
    try (var paths = Files.newDirectoryStream(parent)) {
      for (var path : paths) {
        var name = String.valueOf(path.getFileName());
        if (name.startsWith(prefix) && DIGITS.matcher(name.substring(prefix.length())).matches() && Files.isDirectory(path)) {
          found.add(path);
        }
      }
    } catch (IOException e) {
      throw new DataException("cannot list " + parent + ": " + DiskFiles.why(e) + "; check its permissions", e);
    }
    found.sort(Comparator.comparing((Path path) -> number(path, prefix)).thenComparing(Path::compareTo).reversed());
    return found;
  }

  /// The newest published neighbour of `target`, whatever its number; empty if there is none or it cannot be told.
  static Optional<Path> newestBefore(Path target) {
    var prefix = String.valueOf(target.getFileName()).replaceFirst("[0-9]+$", "");
    try {
      return newestFirst(DiskFiles.parent(target), prefix).stream()
          .filter(path -> Files.exists(path.resolve(Manifest.NAME)))
          .findFirst();
    } catch (DataException _) {
      return Optional.empty();
    }
  }

  private static BigInteger number(Path path, String prefix) {
    return new BigInteger(String.valueOf(path.getFileName()).substring(prefix.length()));
  }
}
