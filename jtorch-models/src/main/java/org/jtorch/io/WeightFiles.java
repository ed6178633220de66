package org.jtorch.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// The files that hold a model's weights, and which tensors an index promises in each.
record WeightFiles(List<Path> files, Map<String, Path> promised) {
  static final String SINGLE = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  static WeightFiles locate(Path path) {
    if (!Files.isDirectory(path)) {
      if (!Files.exists(path)) {
        throw new DataException("there is no " + path + "; name a .safetensors file or a folder with " + SINGLE);
      }
      return path.toString().endsWith(".json") ? indexed(path) : new WeightFiles(List.of(path), Map.of());
    }
    if (Files.exists(path.resolve(SINGLE))) {
      return new WeightFiles(List.of(path.resolve(SINGLE)), Map.of());
    }
    if (Files.exists(path.resolve(INDEX))) {
      return indexed(path.resolve(INDEX));
    }
    throw new DataException(path + " holds neither " + SINGLE + " nor " + INDEX + neighbours(path));
  }

  private static String neighbours(Path folder) {
    try (var files = Files.list(folder)) {
      var names = files.map(file -> String.valueOf(file.getFileName())).filter(name -> name.endsWith(".safetensors"))
          .sorted().limit(5).toList();
      return names.isEmpty() ? "; is this the right folder?" : "; pass one of " + names + " by its own path";
    } catch (IOException e) {
      return "; and it cannot be listed: " + e.getMessage();
    }
  }

  private static WeightFiles indexed(Path index) {
    var map = JsonFile.open(index).object("weight_map");
    var shards = new TreeSet<String>();
    var promised = new LinkedHashMap<String, Path>();
    for (var name : map.keys()) {
      var shard = map.requiredString(name);
      shards.add(shard);
      promised.put(name, beside(index, name, shard));
    }
    var files = new ArrayList<Path>();
    for (var shard : shards) {
      files.add(existing(index, shard));
    }
    return new WeightFiles(files, promised);
  }

  /// A shard lies beside its index: anything that could lead elsewhere is refused.
  private static Path beside(Path index, String name, String shard) {
    if (!shard.matches("[\\w.-]+\\.safetensors")) {
      throw new DataException(index + ": tensor '" + NearNames.printable(name) + "' is put into '" + NearNames.printable(shard)
          + "', which is not the plain name of a .safetensors file beside the index; do not trust this download");
    }
    return index.resolveSibling(shard);
  }

  private static Path existing(Path index, String shard) {
    var path = index.resolveSibling(shard);
    if (!Files.isRegularFile(path)) {
      throw new DataException(path + " is missing, but " + index.getFileName()
          + " lists it; the download is not complete: fetch the missing shard");
    }
    return path;
  }
}
