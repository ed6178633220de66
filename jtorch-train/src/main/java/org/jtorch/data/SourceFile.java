package org.jtorch.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.io.DataException;

/// One file of a source: what tells it from an earlier state of itself, and how it is read.
public final class SourceFile {
  /// Opens the file.
  interface Opener {
    DocumentReader open(BytesRead read) throws IOException;
  }

  /// Opens a file of the disk.
  interface PathOpener {
    DocumentReader open(Path file, BytesRead read) throws IOException;
  }

  private final String name;
  private final long bytes;
  private final long modified;
  private final Opener opener;

  SourceFile(String name, long bytes, long modified, Opener opener) {
    this.name = name;
    this.bytes = bytes;
    this.modified = modified;
    this.opener = opener;
  }

  static List<SourceFile> of(List<Path> files, PathOpener opener) {
    return files.stream().map(file -> of(file, opener)).toList();
  }

  private static SourceFile of(Path file, PathOpener opener) {
    try {
      return new SourceFile(file.toString(), Files.size(file), Files.getLastModifiedTime(file).toMillis(), read -> opener.open(file, read));
    } catch (IOException e) {
      throw new DataException("cannot read " + file + ": " + Errors.reason(e), e);
    }
  }

  public String name() {
    return name;
  }

  /// On the disk, compressed as it is; 0 if that is not known.
  public long bytes() {
    return bytes;
  }

  /// When it was changed last, in milliseconds since 1970; 0 for what never changes.
  public long modified() {
    return modified;
  }

  DocumentReader open(BytesRead read) {
    try {
      return opener.open(read);
    } catch (IOException | UncheckedIOException e) {
      throw new DataException("cannot open " + name + ": " + Errors.reason(e), e);
    }
  }
}
