package org.jtorch.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.regex.Pattern;

/// Temporary files and folders of writers that were cut off.
///
/// Several machines that write into one shared folder would take each other for gone: give each its own.
final class LeftOvers {
  private static final Pattern NAME = Pattern.compile("\\.tmp-.+-([0-9]{1,18})");

  private LeftOvers() {}

  /// Where this process writes `target` until it is whole.
  static Path temporary(Path target) {
    return DiskFiles.parent(target).resolve(".tmp-" + target.getFileName() + "-" + ProcessHandle.current().pid());
  }

  /// Removes what earlier processes left in `parent`, and `own`, which only an earlier attempt can have left.
  static void sweep(Path parent, Path own) throws IOException {
    DiskFiles.deleteTree(own);
    try (var paths = Files.newDirectoryStream(parent, ".tmp-*")) {
      for (var path : paths) {
        if (isAbandoned(path)) {
          DiskFiles.deleteTree(path);
        }
      }
    }
  }

  /// Removes a file or folder after a failure; if that fails too, the next sweep tries again.
  static void discard(Path temporary) {
    try {
      DiskFiles.deleteTree(temporary);
    } catch (IOException _) {
      // The first failure is the one to report, and nothing ever reads a temporary folder.
    }
  }

  /// Whether the process that made `path` is gone. Numbers of processes return, so it must also have been there first. False if the path
  /// is no more: another process has just put it in its place.
  static boolean isAbandoned(Path path) throws IOException {
    var name = NAME.matcher(String.valueOf(path.getFileName()));
    if (!name.matches()) {
      return false;
    }
    Instant touched;
    try {
      touched = Files.getLastModifiedTime(path).toInstant();
    } catch (NoSuchFileException _) {
      return false;
    }
    return ProcessHandle.of(Long.parseLong(name.group(1)))
        .flatMap(process -> process.info().startInstant())
        .map(started -> started.isAfter(touched))
        .orElse(true);
  }
}
