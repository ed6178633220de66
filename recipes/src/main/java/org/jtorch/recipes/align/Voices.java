package org.jtorch.recipes.align;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;

/// The models of a recipe, each once and under a name of its own: that of its stage, or of its folder.
record Voices(List<Voice> voices) {
  /// One model.
  record Voice(String name, Artifact.Model model) {}

  static Voices of(MembersRecipe recipe, Artifacts known) {
    var voices = new ArrayList<Voice>();
    var folders = new HashSet<Path>();
    var names = new HashSet<String>();
    for (var reference : recipe.models()) {
      for (var model : known.models(reference)) {
        Path folder = model.folder().toAbsolutePath().normalize();
        if (folders.add(folder)) {
          String name = name(folder);
          voices.add(new Voice(names.add(name) ? name : name + "-" + (voices.size() + 1), model));
        }
      }
    }
    return new Voices(List.copyOf(voices));
  }

  private static String name(Path folder) {
    Path last = folder.endsWith("model") && folder.getParent() != null ? folder.getParent() : folder;
    return String.valueOf(last.getFileName());
  }

  List<String> names() {
    return voices.stream().map(Voice::name).toList();
  }
}
