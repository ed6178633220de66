package org.jtorch.data;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.io.DataException;

/// A text file as it stands, to the character: line breaks and blanks too; `.gz` and `.zst` are decompressed.
public final class TextFile {
  private TextFile() {}

  /// @throws DataException if the file is missing, broken, not UTF-8 or blank
  public static Document read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new DataException("no file " + file + "; check the path");
    }
    try (var in = TextFiles.reader(file, new BytesRead())) {
      var text = new StringWriter();
      in.transferTo(text);
      if (text.toString().isBlank()) {
        throw new DataException(file + " holds no text");
      }
      return new Document(text.toString(), file.toString());
    } catch (IOException | UncheckedIOException e) {
      throw new DataException("cannot read " + file + ": " + Errors.reason(e), e);
    }
  }
}
