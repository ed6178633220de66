package org.jtorch.recipes.stage;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jtorch.io.Fingerprint;
import org.jtorch.io.JsonFile;
import org.jtorch.recipes.Artifact;

/// What a stage took, written down in its folder when it began, so that a later run can tell whether that is still the same.
///
/// @param taken by the key of the stage's recipe
record Inputs(SequencedMap<String, Taken> taken) {
  private static final String NAME = "inputs.json";

  /// @param name of what was taken: its folder in the run, or outside
  /// @param fingerprint of what it held
  record Taken(String name, String fingerprint) {}

  /// As it is now.
  ///
  /// @param root the run's folder: what lies in it has the same name wherever the run lies
  static Inputs of(Map<String, Artifact> inputs, Path root) {
    var taken = new LinkedHashMap<String, Taken>();
    inputs.forEach((key, artifact) -> {
      Path folder = artifact.folder();
      String name = folder.startsWith(root) ? root.relativize(folder).toString() : folder.toString();
      taken.put(key, new Taken(name, Files.isDirectory(folder) ? Fingerprint.of(folder) : "not there"));
    });
    return new Inputs(taken);
  }

  /// As the stage in that folder began with it; nothing if none has begun.
  static Inputs read(Path stage) {
    var taken = new LinkedHashMap<String, Taken>();
    if (Files.exists(stage.resolve(NAME))) {
      JsonFile.open(stage.resolve(NAME)).objects("taken").forEach(each ->
          taken.put(each.requiredString("key"), new Taken(each.requiredString("name"), each.requiredString("fingerprint"))));
    }
    return new Inputs(taken);
  }

  void write(Path stage) {
    var node = JsonNodeFactory.instance.objectNode();
    var list = node.putArray("taken");
    taken.forEach((key, each) -> list.addObject().put("key", key).put("name", each.name()).put("fingerprint", each.fingerprint()));
    JsonFile.write(stage.resolve(NAME), node);
  }

  /// What has changed since `before`, a sentence each.
  List<String> changes(Inputs before) {
    var changes = new ArrayList<String>();
    taken.forEach((key, now) -> {
      var then = before.taken.get(key);
      if (then == null || !then.name().equals(now.name())) {
        changes.add(key + " is " + now.name() + (then == null ? "" : ", no longer " + then.name()));
      } else if (!then.fingerprint().equals(now.fingerprint())) {
        changes.add(now.name() + " (" + key + ") is not what it was");
      }
    });
    return changes;
  }
}
