package org.jtorch.data;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;

/// An open file of documents.
interface DocumentReader extends Closeable {
  /// The next document; null at the end of the file.
  @Nullable Document next() throws IOException;

  /// Where the reader is, for messages.
  String place();

  /// Opens one of several files.
  interface Opener<F> {
    DocumentReader open(F file) throws IOException;
  }

  /// All documents of the files, one file open at a time; `source` names them all in the message about an empty corpus.
  static <F> Stream<Document> stream(List<F> files, Opener<F> opener, String source) {
    var chain = new Chain<>(files.iterator(), opener, source);
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(chain, Spliterator.ORDERED | Spliterator.NONNULL), false)
        .onClose(chain::close);
  }

  /// The files' documents one after another.
  final class Chain<F> implements Iterator<Document> {
    private final Iterator<F> files;
    private final Opener<F> opener;
    private final String source;
    private @Nullable DocumentReader open;
    private @Nullable Document ready;
    private boolean any;
    private boolean closed;

    Chain(Iterator<F> files, Opener<F> opener, String source) {
      this.files = files;
      this.opener = opener;
      this.source = source;
    }

    @Override
    public boolean hasNext() {
      while (ready == null && !closed) {
        if (open != null) {
          ready = advance(open);
        } else if (files.hasNext()) {
          open = open(files.next());
        } else {
          close();
        }
      }
      if (ready == null && !any) {
        throw new DataException(source + " holds no document with text; check the path and what a document is");
      }
      any = true;
      return ready != null;
    }

    @Override
    public Document next() {
      if (!hasNext() || ready == null) {
        throw new NoSuchElementException();
      }
      Document next = ready;
      ready = null;
      return next;
    }

    private DocumentReader open(F file) {
      try {
        return opener.open(file);
      } catch (IOException | UncheckedIOException e) {
        throw new DataException("cannot open " + file + ": " + Errors.reason(e), e);
      }
    }

    private @Nullable Document advance(DocumentReader reader) {
      try {
        Document next = reader.next();
        if (next == null) {
          reader.close();
          open = null;
        }
        return next;
      } catch (DataException e) {
        close();
        throw e;
      } catch (IOException | RuntimeException e) {
        close();
        throw new DataException(reader.place() + ": " + Errors.reason(e), e);
      }
    }

    void close() {
      closed = true;
      try {
        if (open != null) {
          open.close();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } finally {
        open = null;
      }
    }
  }
}
