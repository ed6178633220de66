package org.jtorch.data;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// An open file of documents.
interface DocumentReader extends Closeable {
  /// The next document; null at the end of the file.
  @Nullable Document next() throws IOException;

  /// Where the reader is, for messages.
  String place();
}
