package org.jtorch.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;

/// Reads the documents of a source one after another, one file open at a time, and knows how far it is.
public final class DocumentCursor implements AutoCloseable {
  /// Between two documents: the documents read of a file, and all of the files before it.
  public record Position(int file, long documents) {
    public static final Position START = new Position(0, 0);
  }

  private final List<SourceFile> files;
  private final String source;
  private int file;
  private long documents;
  private @Nullable DocumentReader open;
  private BytesRead read = new BytesRead();
  private long bytesBefore;
  private boolean any;

  /// @param source names all files in the message about an empty corpus
  DocumentCursor(List<SourceFile> files, String source) {
    this.files = files;
    this.source = source;
  }

  /// The next document; null after the last.
  ///
  /// @throws DataException naming file and line of what cannot be read, or the source if it holds no document at all
  public @Nullable Document next() {
    while (file < files.size()) {
      if (open == null) {
        read = new BytesRead();
        open = files.get(file).open(read);
      }
      Document next = advance(open);
      if (next != null) {
        documents++;
        any = true;
        return next;
      }
      nextFile();
    }
    if (!any) {
      throw new DataException(source + " holds no document with text; check the path and what a document is");
    }
    return null;
  }

  private static @Nullable Document advance(DocumentReader reader) {
    try {
      return reader.next();
    } catch (DataException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new DataException(reader.place() + ": " + Errors.reason(e), e);
    }
  }

  private void nextFile() {
    close();
    bytesBefore += files.get(file).bytes();
    read = new BytesRead();
    file++;
    documents = 0;
  }

  public Position position() {
    return new Position(file, documents);
  }

  /// Goes on from a position that a cursor over the same files had. Whole files are passed over; of the one in which the
  /// position lies, the documents before it are read once more.
  public void skipTo(Position position) {
    while (file < position.file) {
      nextFile();
    }
    for (long n = documents; n < position.documents; n++) {
      if (next() == null || file != position.file) {
        throw new DataException(source + " has fewer documents than when it was read before; it must not change meanwhile");
      }
    }
    any |= position.file > 0;
  }

  /// Bytes read of the files, as they lie on the disk.
  public long bytesRead() {
    return bytesBefore + read.count();
  }

  @Override
  public void close() {
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
