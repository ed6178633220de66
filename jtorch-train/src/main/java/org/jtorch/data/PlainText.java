package org.jtorch.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Text files (`.txt`, also `.gz` or `.zst`): a file, a folder or a glob, cut into documents as `split` says.
public record PlainText(Path path, DocumentSplit split) implements TextSource {
  @Override
  public Stream<Document> read() {
    return DocumentReader.stream(TextFiles.find(path, ".txt", ".md"),
        file -> new Lines(TextFiles.reader(file), file.toString(), split), path.toString());
  }

  private static final class Lines extends LineReader {
    private final DocumentSplit split;

    Lines(BufferedReader in, String name, DocumentSplit split) {
      super(in, name);
      this.split = split;
    }

    @Override
    public @Nullable Document next() throws IOException {
      var text = new StringBuilder();
      String source = "";
      for (String line; (line = line()) != null; ) {
        boolean blank = line.isBlank();
        if (blank && split != DocumentSplit.FILE) {
          if (!text.isEmpty()) {
            break;
          }
          continue;
        }
        source = source.isEmpty() ? place() : source;
        if (split == DocumentSplit.LINE) {
          return new Document(line, source);
        }
        text.append(line).append('\n');
      }
      String whole = text.toString();
      return whole.isBlank() ? null : new Document(whole, source);
    }
  }
}
