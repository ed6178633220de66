package org.jtorch.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Text files (`.txt`, also `.gz` or `.zst`): a file, a folder or a glob, cut into documents as `split` says.
///
/// @param separator what stands between the documents of a file, such as `<|endoftext|>`; null if nothing does
public record PlainText(Path path, DocumentSplit split, @Nullable String separator) implements TextSource {
  public PlainText {
    if (separator != null && separator.isEmpty()) {
      throw new IllegalArgumentException("`separator` of " + path + " is empty; use for example <|endoftext|>, or split: blank_line");
    }
    if (separator != null && split != DocumentSplit.FILE) {
      throw new IllegalArgumentException("`separator` of " + path + " cuts whole files, but `split` says "
          + split.name().toLowerCase(Locale.ROOT) + "; use one of the two");
    }
  }

  /// Without a separator.
  public PlainText(Path path, DocumentSplit split) {
    this(path, split, null);
  }

  @Override
  public List<SourceFile> files() {
    return SourceFile.of(FileSearch.find(path, ".txt", ".md"), this::open);
  }

  private DocumentReader open(Path file, BytesRead read) throws IOException {
    var in = TextFiles.reader(file, read);
    return separator == null ? new Lines(in, file.toString(), split) : new SeparatedReader(in, file.toString(), separator);
  }

  @Override
  public String describe() {
    return path.toString();
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
