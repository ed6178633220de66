package org.jtorch.corpus;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jtorch.io.DataException;

/// A text file that grows over several processes.
final class GrowingText implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;

  private GrowingText(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /// Goes on behind the first `bytes` of a file, and forgets what follows them.
  static GrowingText goOn(Path file, long bytes) {
    try {
      var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (channel.size() < bytes) {
        channel.close();
        throw new DataException(file + " is shorter than what was written before; delete its folder and begin again");
      }
      return new GrowingText(file, channel.truncate(bytes).position(bytes));
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  void add(String text) {
    var bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /// Brings everything to the disk; how many bytes that are.
  long mark() {
    try {
      channel.force(true);
      return channel.position();
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static DataException failed(Path file, IOException e) {
    return new DataException("cannot write " + file + ": " + e.getMessage() + "; free some space and start again: it goes on from here", e);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failed(file, e);
    }
  }
}
