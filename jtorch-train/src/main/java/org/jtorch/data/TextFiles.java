package org.jtorch.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.jtorch.io.Utf8;

/// Opens files, decompressed by their ending, as strict UTF-8 behind the byte order mark that they may begin with.
final class TextFiles {
  private TextFiles() {}

  static BufferedReader reader(Path file, BytesRead read) throws IOException {
    return reader(read.of(Files.newInputStream(file)), file.toString());
  }

  static BufferedReader reader(InputStream raw, String name) throws IOException {
    try {
      var in = decompressed(new BufferedInputStream(raw, 1 << 16), name);
      var reader = new BufferedReader(new InputStreamReader(in, UTF_8.newDecoder()), 1 << 16);
      Utf8.skipMark(reader);
      return reader;
    } catch (IOException e) {
      raw.close();
      throw e;
    }
  }

  private static InputStream decompressed(InputStream in, String name) throws IOException {
    if (name.endsWith(".gz")) {
      return new GZIPInputStream(in, 1 << 16);
    }
    return name.endsWith(".zst") ? new ZstdInputStream(in) : in;
  }
}
