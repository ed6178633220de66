package org.jtorch.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// What tells whether a folder holds the same as before, without reading all of it.
public final class Fingerprint {
  private Fingerprint() {}

  /// Of a folder that [AtomicFolder] published: a hash of its files' checksums, the same wherever and whenever the same bytes were
  /// written. Of any other: of its files' names, sizes and times.
  ///
  /// @throws DataException if the folder cannot be read
  public static String of(Path folder) {
    try {
      return Files.isRegularFile(folder.resolve(Manifest.NAME)) ? published(folder) : found(folder);
    } catch (IOException e) {
      throw new DataException("could not look at " + folder + ": " + DiskFiles.why(e), e);
    }
  }

  private static String published(Path folder) {
    var digest = digest();
    Manifest.read(folder).items().forEach(item -> digest.update((item.name() + "\0" + item.sha256() + "\n").getBytes(StandardCharsets.UTF_8)));
    return HexFormat.of().formatHex(digest.digest());
  }

  private static String found(Path folder) throws IOException {
    var digest = digest();
    for (Path file : DiskFiles.files(folder)) {
      String line = folder.relativize(file) + "\0" + Files.size(file) + "\0" + Files.getLastModifiedTime(file).toMillis() + "\n";
      digest.update(line.getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256; this one does not, use another", e);
    }
  }
}
