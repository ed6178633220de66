package org.jtorch.data;

import java.util.stream.Stream;

/// Where documents come from. Close the stream: files stay open while it is read.
public sealed interface TextSource permits Jsonl, PlainText, Parquet, LineCorpus {
  /// The documents in a fixed order, read as they are asked for. A broken file is a [org.jtorch.io.DataException] that
  /// names it and the line; so is a source without a single document.
  Stream<Document> read();
}
