package org.jtorch.data;

import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators.AbstractSpliterator;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/// Where documents come from.
public sealed interface TextSource permits Jsonl, PlainText, Parquet, LineCorpus, Synthetic {
  /// The files in the order in which they are read.
  ///
  /// @throws org.jtorch.io.DataException if there are none
  List<SourceFile> files();

  /// What messages call it.
  String describe();

  /// The documents in a fixed order, read as they are asked for. A broken file is a [org.jtorch.io.DataException] that
  /// names it and the line; so is a source without a single document.
  default DocumentCursor open() {
    return new DocumentCursor(files(), describe());
  }

  /// As [#open]. Close the stream: files stay open while it is read.
  default Stream<Document> read() {
    var cursor = open();
    var documents = new AbstractSpliterator<Document>(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL) {
      @Override
      public boolean tryAdvance(Consumer<? super Document> action) {
        Document next = cursor.next();
        if (next != null) {
          action.accept(next);
        }
        return next != null;
      }
    };
    return StreamSupport.stream(documents, false).onClose(cursor::close);
  }
}
