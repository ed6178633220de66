package org.jtorch.recipes;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.align.sampling.SampleFiles;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.distill.CapturedTeacher;
import org.jtorch.head.Classifiers;
import org.jtorch.recipes.config.Reference;

/// Where a recipe finds what it takes from elsewhere.
@FunctionalInterface
public interface Artifacts {
  /// Of a recipe that is no stage of another: references are folders.
  Artifacts FOLDERS = reference -> {
    Path folder = Path.of(reference.text());
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException("no folder \"" + reference + "\" is there");
    }
    return PreparedCorpus.isIn(folder) ? FolderArtifacts.data(folder)
        : SampleFiles.isIn(folder) ? FolderArtifacts.answers(folder)
        : CapturedTeacher.isIn(folder) ? new Artifact.Targets(folder, CapturedTeacher.reduction(folder))
        : ChosenFile.isIn(folder) ? ChosenFile.read(folder)
        : Classifiers.isIn(folder) ? FolderArtifacts.rewardModel(folder) : FolderArtifacts.model(folder);
  };

  /// What a reference names.
  ///
  /// @throws IllegalArgumentException if it names nothing, with what could have been meant
  /// @throws org.jtorch.io.DataException if the folder cannot be read
  Artifact find(Reference reference);

  /// The model that a reference names; the best one of a choice.
  default Artifact.Model model(Reference reference) {
    return models(reference).getFirst();
  }

  /// The model that a reference names, or all of a choice, the best first.
  default List<Artifact.Model> models(Reference reference) {
    return switch (find(reference)) {
      case Artifact.Model model -> List.of(model);
      case Artifact.Chosen chosen -> chosen.members();
      default -> throw wrong(reference, "a model");
    };
  }

  /// The reward model that a reference names.
  default Artifact.RewardModel rewardModel(Reference reference) {
    if (find(reference) instanceof Artifact.RewardModel model) {
      return model;
    }
    throw wrong(reference, "a reward model (a stage of type reward)");
  }

  /// The prepared text that a reference names.
  default Artifact.Data data(Reference reference) {
    if (find(reference) instanceof Artifact.Data data) {
      return data;
    }
    throw wrong(reference, "a data set");
  }

  /// The answers in a folder.
  static Artifact.Chats answersIn(Path folder) {
    return FolderArtifacts.answers(folder);
  }

  /// The captured teacher that a reference names.
  default Artifact.Targets targets(Reference reference) {
    if (find(reference) instanceof Artifact.Targets targets) {
      return targets;
    }
    throw wrong(reference, "a captured teacher (jtorch distill capture)");
  }

  /// The conversations or judgements that a reference names.
  default Artifact.Chats chats(Reference reference) {
    if (find(reference) instanceof Artifact.Chats chats) {
      return chats;
    }
    throw wrong(reference, "a set of chats");
  }

  private IllegalArgumentException wrong(Reference reference, String wanted) {
    var found = find(reference);
    String merge = found instanceof Artifact.Adapter ? "; with `adapter: {leaves: merged}` its stage leaves a whole model" : "";
    String article = found instanceof Artifact.Adapter ? "an " : "a ";
    return new IllegalArgumentException("\"" + reference + "\" is " + article + found.kind() + ", but " + wanted + " is needed here" + merge);
  }
}
