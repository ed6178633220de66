package org.jtorch.house;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// The files of this repository, as tests about the house read them.
final class Repository {
  private Repository() {}

  /// The folder that holds the modules.
  static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve("jtorch-models"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("the tests run outside of the repository");
      }
    }
    return folder;
  }

  /// README, CONTRIBUTING, CHANGELOG and everything below docs.
  static List<Path> documents() throws IOException {
    Path root = root();
    try (Stream<Path> top = Files.list(root); Stream<Path> docs = Files.walk(root.resolve("docs"))) {
      return Stream.concat(top, docs).filter(f -> f.toString().endsWith(".md")).sorted().toList();
    }
  }

  /// Java sources of all modules, tests included.
  static List<Path> sources() throws IOException {
    return below("java");
  }

  /// Files below the `src` folders of all modules whose names end in one of these.
  static List<Path> below(String... extensions) throws IOException {
    Path root = root();
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(f -> Stream.of(extensions).anyMatch(e -> f.toString().endsWith("." + e)))
          .filter(f -> root.relativize(f).getNameCount() > 2 && root.relativize(f).getName(1).toString().equals("src")).sorted().toList();
    }
  }
}
