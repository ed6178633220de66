package org.jtorch.recipes.run;

import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;

/// Keeps two processes out of one run folder. The system gives the lock back when its process ends, however it ends, so a
/// run that was killed leaves no lock behind; the file stays, with the number of the last process in it.
final class RunLock implements AutoCloseable {
  /// Locked beyond the file's end, so that its text can be read meanwhile on every system.
  private static final long PLACE = Long.MAX_VALUE - 1;

  /// Folders that this process runs in. Asked first: where locks are POSIX's, to open and close the file once more would give
  /// the process's own lock away.
  private static final Set<Path> MINE = ConcurrentHashMap.newKeySet();

  private final Path folder;
  private final FileChannel channel;

  private RunLock(Path folder, FileChannel channel) {
    this.folder = folder;
    this.channel = channel;
  }

  /// Takes the lock of a run.
  ///
  /// @throws IllegalArgumentException if another process, or another thread of this one, has it
  @MustBeClosed
  static RunLock take(RunFolder run) {
    Path folder = run.path().toAbsolutePath().normalize();
    if (!MINE.add(folder)) {
      throw inUse(run, Long.toString(ProcessHandle.current().pid()));
    }
    try {
      return lock(run, folder);
    } catch (RuntimeException e) {
      MINE.remove(folder);
      throw e;
    }
  }

  private static IllegalArgumentException inUse(RunFolder run, String process) {
    return new IllegalArgumentException(run.path() + " is in use by another run (process " + process
        + "); wait for its end, or choose another folder with --out");
  }

  private static RunLock lock(RunFolder run, Path folder) {
    try {
      var channel = FileChannel.open(run.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        requireLock(channel, run);
        channel.truncate(0).write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
        return new RunLock(folder, channel);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw new DataException("cannot lock the run folder " + run.path() + " with " + run.lock() + ": " + e.getMessage()
          + "; choose a folder on a disk of this machine with --out", e);
    }
  }

  private static void requireLock(FileChannel channel, RunFolder run) throws IOException {
    if (tryLock(channel) == null) {
      throw inUse(run, holder(run.lock()));
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock(PLACE, 1, false);
    } catch (OverlappingFileLockException _) {
      return null;                                   // other code of this process has it
    }
  }

  private static String holder(Path file) {
    try {
      return Files.readString(file, StandardCharsets.US_ASCII).strip();
    } catch (IOException _) {
      return "unknown";
    }
  }

  @Override public void close() {
    MINE.remove(folder);
    try {
      channel.close();
    } catch (IOException e) {
      throw new DataException("could not give back the lock of the run: " + e.getMessage(), e);
    }
  }
}
