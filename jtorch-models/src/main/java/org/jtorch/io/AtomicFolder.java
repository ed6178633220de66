package org.jtorch.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.function.Consumer;

/// Publishes a folder of files, such as a checkpoint, in one step: after a crash it is there whole or not at all.
///
/// ```java
/// AtomicFolder.publish(run.resolve("step-2000"), folder -> {
///   SafeTensorsWriter.write(folder.resolve("model.safetensors"), tensors);
///   JsonFile.write(folder.resolve("state.json"), state);
/// });
/// var last = AtomicFolder.newestValid(run, "step-", System.err::println);
/// ```
///
/// The files are written to `.tmp-NAME-PID` beside the target, listed in `manifest.json` with size and SHA-256,
/// forced to disk, and the folder is renamed. What a crash leaves behind is removed by the next publication.
public final class AtomicFolder {
  /// Fills the new folder; subfolders are fine, links are not.
  @FunctionalInterface
  public interface Writer {
    void write(Path folder) throws IOException;
  }

  /// The moments at which a test can look at the disk or let it fail.
  enum Stage { STARTED, FILLED, LISTED, FORCED, RENAMED }

  /// Called at each [Stage].
  @FunctionalInterface
  interface Probe {
    void at(Stage stage) throws IOException;
  }

  private final Path target;
  private final Path parent;
  private final Path temporary;
  private boolean renamed;

  private AtomicFolder(Path target) {
    this.target = target;
    this.parent = DiskFiles.parent(target);
    this.temporary = LeftOvers.temporary(target);
  }

  /// Publishes `target` without looking at the free space first.
  public static void publish(Path target, Writer body) {
    publish(target, 0, body);
  }

  /// Publishes `target`.
  ///
  /// @param estimatedBytes about what `body` will write; with less free space nothing is begun
  /// @throws IllegalArgumentException if `target` exists
  /// @throws DataException if the disk is full or fails; the disk is then as it was before
  public static void publish(Path target, long estimatedBytes, Writer body) {
    publish(target, estimatedBytes, body, stage -> {});
  }

  static void publish(Path target, long estimatedBytes, Writer body, Probe probe) {
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new IllegalArgumentException(target + " exists already and is not overwritten; delete it or choose another name");
    }
    new AtomicFolder(target).run(estimatedBytes, body, probe);
  }

  private void run(long estimatedBytes, Writer body, Probe probe) {
    try {
      requireSpace(estimatedBytes);
      write(body, probe);
    } catch (IOException | UncheckedIOException | DataException e) {
      LeftOvers.discard(temporary); // before the free space is looked up
      throw failure(e);
    } catch (RuntimeException | Error e) {
      LeftOvers.discard(temporary);
      throw e;
    }
  }

  private void write(Writer body, Probe probe) throws IOException {
    Files.createDirectories(parent);
    LeftOvers.sweep(parent, temporary);
    Files.createDirectory(temporary);
    probe.at(Stage.STARTED);
    body.write(temporary);
    if (Files.exists(temporary.resolve(Manifest.NAME))) {
      throw new IllegalArgumentException("a published folder writes its own " + Manifest.NAME + "; use another name");
    }
    probe.at(Stage.FILLED);
    Manifest.of(temporary).write(temporary);
    probe.at(Stage.LISTED);
    force();
    probe.at(Stage.FORCED);
    Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    renamed = true;
    probe.at(Stage.RENAMED);
    DiskFiles.force(parent);
  }

  private void force() throws IOException {
    for (var file : DiskFiles.files(temporary)) {
      DiskFiles.force(file);
    }
    for (var folder : DiskFiles.folders(temporary)) {
      DiskFiles.force(folder);
    }
  }

  private void requireSpace(long estimatedBytes) throws IOException {
    long usable = DiskFiles.usableBytes(parent);
    if (usable < estimatedBytes) {
      throw new IOException("about " + estimatedBytes + " bytes are needed and only " + usable + " are free");
    }
  }

  private DataException failure(Exception e) {
    var why = DiskFiles.why(e);
    if (renamed) {
      return new DataException(target + " is written, but its disk could not confirm it: " + why
          + "; verify it before you rely on it", e);
    }
    if (e instanceof DataException && !(e.getCause() instanceof IOException)) {         // what was to be written is at fault, not the disk
      return new DataException("cannot write " + target + ", and nothing was changed: " + why, e);
    }
    var earlier = Numbered.newestBefore(target).map(path -> "; the earlier checkpoint " + path + " is intact").orElse("");
    return new DataException("cannot write " + target + ": " + why + DiskFiles.freeSpace(parent) + "; nothing was changed"
        + earlier + "; free some space or write to another disk", e);
  }

  /// Gives a folder, or a file, another name on the same disk, in one step; the folders above it are made where they are missing.
  ///
  /// @throws DataException if `to` exists or the disk fails; nothing has moved then
  public static void rename(Path from, Path to) {
    try {
      if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException(to + " exists already");
      }
      Files.createDirectories(DiskFiles.parent(to));
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
      DiskFiles.force(DiskFiles.parent(to));
      DiskFiles.force(DiskFiles.parent(from));
    } catch (IOException e) {
      throw new DataException("cannot rename " + from + " to " + to + ": " + DiskFiles.why(e)
          + "; check the permissions of both folders", e);
    }
  }

  /// Checks every file of a published folder against its manifest; files that are not listed are not looked at.
  ///
  /// @throws DataException naming each file that is missing or damaged
  public static void verify(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new DataException("there is no folder " + folder + "; check the path");
    }
    var damage = Manifest.read(folder).damage(folder);
    if (!damage.isEmpty()) {
      throw new DataException(folder + " is damaged: " + String.join("; ", damage) + "; use an earlier checkpoint");
    }
  }

  /// The folder in `parent` named `prefix` and a number whose number is highest among those that are whole.
  ///
  /// @param note receives a sentence for each damaged folder that was passed over
  public static Optional<Path> newestValid(Path parent, String prefix, Consumer<String> note) {
    for (var folder : Numbered.newestFirst(parent, prefix)) {
      try {
        verify(folder);
        return Optional.of(folder);
      } catch (DataException e) {
        note.accept("Passing over " + folder.getFileName() + ": " + e.getMessage());
      }
    }
    return Optional.empty();
  }
}
