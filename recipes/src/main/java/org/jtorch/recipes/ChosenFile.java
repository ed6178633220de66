package org.jtorch.recipes;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.io.Fingerprint;
import org.jtorch.io.JsonFile;

/// Which models were chosen of several: `chosen.json`, the best first, each with its folder, what that held, and what it was chosen for.
public final class ChosenFile {
  private static final String NAME = "chosen.json";

  private ChosenFile() {}

  /// A model that was chosen.
  ///
  /// @param reward the figure that it was chosen for
  public record Member(String name, Path folder, double reward) {}

  /// Whether a folder holds a choice.
  public static boolean isIn(Path folder) {
    return Files.isRegularFile(folder.resolve(NAME));
  }

  /// The models of a choice, wherever the run was moved with all its stages.
  public static Artifact.Chosen read(Path folder) {
    var members = JsonFile.open(folder.resolve(NAME)).objects("members").stream()
        .map(each -> FolderArtifacts.model(folder.resolve(each.requiredString("folder")).normalize())).toList();
    return new Artifact.Chosen(folder, members);
  }

  /// Writes a choice.
  ///
  /// @param into the folder that is written
  /// @param home where that will lie: folders are said from there
  public static void write(Path into, Path home, List<Member> members) {
    var node = JsonNodeFactory.instance.objectNode();
    var list = node.putArray("members");
    for (var member : members) {
      Path folder = home.toAbsolutePath().normalize().relativize(member.folder().toAbsolutePath().normalize());
      list.addObject().put("name", member.name()).put("folder", folder.toString().replace('\\', '/')).put("reward", member.reward())
          .put("fingerprint", Fingerprint.of(member.folder()));
    }
    JsonFile.write(into.resolve(NAME), node);
  }
}
