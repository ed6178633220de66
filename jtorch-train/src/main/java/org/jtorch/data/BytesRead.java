package org.jtorch.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/// Counts what is read of a file, as it lies on the disk.
final class BytesRead {
  private long count;

  long count() {
    return count;
  }

  /// The same stream, counted.
  InputStream of(InputStream in) {
    return new FilterInputStream(in) {
      @Override
      public int read() throws IOException {
        int b = super.read();
        count += b < 0 ? 0 : 1;
        return b;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        int n = super.read(into, offset, length);
        count += Math.max(0, n);
        return n;
      }
    };
  }
}
