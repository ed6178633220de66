package org.jtorch.io;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// The list of a published folder's files with their sizes and SHA-256 sums, kept in `manifest.json`.
record Manifest(List<Item> items) {
  static final String NAME = "manifest.json";
  private static final int PIECE = 1 << 20;

  /// One file, its name relative to the folder and written with `/`.
  record Item(String name, long size, String sha256) {}

  /// Sums up all files of `folder`, several at a time.
  static Manifest of(Path folder) throws IOException {
    try {
      return new Manifest(DiskFiles.files(folder).parallelStream().map(file -> item(folder, file)).toList());
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static Item item(Path folder, Path file) {
    try {
      var name = folder.relativize(file).toString().replace('\\', '/');
      return new Item(name, Files.size(file), sha256(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void write(Path folder) {
    var json = JsonNodeFactory.instance.objectNode().put("format", "jtorch-manifest-1");
    var files = json.putArray("files");
    items.forEach(it -> files.addObject().put("name", it.name).put("size", it.size).put("sha256", it.sha256));
    JsonFile.write(folder.resolve(NAME), json);
  }

  static Manifest read(Path folder) {
    var file = JsonFile.open(folder.resolve(NAME));
    var items = new ArrayList<Item>();
    for (var entry : file.objects("files")) {
      items.add(new Item(entry.requiredString("name"), entry.requiredLong("size"), entry.requiredString("sha256")));
    }
    return new Manifest(items);
  }

  /// One sentence for each file that is not as listed; empty if all is well.
  List<String> damage(Path folder) {
    return items.parallelStream().map(item -> damage(folder, item)).filter(text -> !text.isEmpty()).toList();
  }

  private static String damage(Path folder, Item item) {
    try {
      var file = folder.resolve(item.name);
      if (!file.normalize().startsWith(folder.normalize()) || item.name.startsWith("..")) {
        return "'" + item.name + "' in " + NAME + " leads out of the folder";
      }
      if (!Files.isRegularFile(file)) {
        return item.name + " is missing";
      }
      if (Files.size(file) != item.size) {
        return item.name + " has " + Files.size(file) + " bytes instead of " + item.size;
      }
      return sha256(file).equals(item.sha256) ? "" : item.name + " is damaged: its SHA-256 sum is not the one listed";
    } catch (IOException | InvalidPathException e) {
      return item.name + " cannot be read: " + DiskFiles.why(e);
    }
  }

  /// Read, not mapped: a failing disk then shows as an [IOException] and not as an error of the JVM.
  static String sha256(Path file) throws IOException {
    var digest = digest();
    var bytes = new byte[PIECE];
    var buffer = ByteBuffer.wrap(bytes);
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      for (int count = channel.read(buffer.clear()); count >= 0; count = channel.read(buffer.clear())) {
        digest.update(bytes, 0, count);
      }
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
