package org.jtorch.corpus;

import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;

/// Lets one process at a time prepare a folder; the others wait, and find it done. The system gives the lock back when its
/// process ends, however it ends.
public final class PreparationLock implements AutoCloseable {
  public static final String NAME = ".lock";
  private static final long LOOK_EVERY_MILLIS = 100;

  /// Folders that this process prepares. Asked first: where locks are POSIX's, to open and close the file once more would give
  /// the process's own lock away.
  private static final Set<Path> MINE = ConcurrentHashMap.newKeySet();

  private final Path folder;
  private final FileChannel channel;

  private PreparationLock(Path folder, FileChannel channel) {
    this.folder = folder;
    this.channel = channel;
  }

  /// Waits for the lock.
  ///
  /// @return null if asked to stop meanwhile
  @MustBeClosed
  public static @Nullable PreparationLock take(Path folder, Consumer<String> note, BooleanSupplier stop) {
    Path mine = folder.toAbsolutePath().normalize();
    boolean said = false;
    try {
      Files.createDirectories(folder);
      for (PreparationLock lock; !stop.getAsBoolean(); Thread.sleep(LOOK_EVERY_MILLIS)) {
        if ((lock = tryTake(mine)) != null) {
          return lock;
        }
        if (!said) {
          note.accept("another process prepares " + folder + "; waiting for it");
          said = true;
        }
      }
      return null;
    } catch (IOException e) {
      throw new DataException("cannot lock " + folder + ": " + e.getMessage() + "; choose a folder on a disk of this machine", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for " + folder, e);
    }
  }

  private static @Nullable PreparationLock tryTake(Path folder) throws IOException {
    if (!MINE.add(folder)) {
      return null;
    }
    var channel = FileChannel.open(folder.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (channel.tryLock() != null) {
      return new PreparationLock(folder, channel);
    }
    channel.close();
    MINE.remove(folder);
    return null;
  }

  @Override
  public void close() {
    try {
      channel.close();
      MINE.remove(folder);
    } catch (IOException e) {
      throw new DataException("could not give back the lock of a corpus: " + e.getMessage(), e);
    }
  }
}
