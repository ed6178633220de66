package org.jtorch.io;

import java.io.IOException;
import java.nio.file.Path;

/// Room on a disk, asked before much is written to it.
public final class DiskSpace {
  private DiskSpace() {}

  /// Refuses what will not fit.
  ///
  /// @param place a file or folder that is or will be there
  /// @param what will be written, for the message
  /// @throws DataException if fewer than `bytes` are free where `place` is
  public static void require(Path place, long bytes, String what) {
    try {
      long usable = DiskFiles.usableBytes(place);
      if (usable < bytes) {
        throw new DataException(what + " in " + place + " will take " + bytes + " bytes, and its disk has " + usable
            + " free; free some space or choose another disk. Nothing is begun");
      }
    } catch (IOException e) {
      throw new DataException("cannot tell how much room there is for " + place + ": " + DiskFiles.why(e) + "; choose another disk", e);
    }
  }
}
