package org.jtorch.recipes.run;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.AtomicFolder;

/// What a change of course leaves behind: it moves to `set-aside/1`, `set-aside/2` and so on, and nothing is deleted.
public record SetAside(Path folder) {
  /// The next of the run's; made when something comes into it.
  public static SetAside next(RunFolder run) {
    int n = 1;
    while (Files.exists(run.setAside().resolve(Integer.toString(n)))) {
      n++;
    }
    return new SetAside(run.setAside().resolve(Integer.toString(n)));
  }

  /// Moves a file or folder if it is there.
  public void move(Path path) {
    if (Files.exists(path)) {
      AtomicFolder.rename(path, folder.resolve(path.getFileName()));
    }
  }

  /// Copies a file if it is there.
  void copy(Path file) {
    if (Files.exists(file)) {
      AtomicFile.copy(file, folder.resolve(file.getFileName()));
    }
  }
}
