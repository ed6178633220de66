package org.jtorch.recipes;

import java.nio.file.Files;
import java.nio.file.Path;

/// What becomes of a run that is in the folder already.
public sealed interface Resume {
  /// Go on from its newest checkpoint.
  record Auto() implements Resume {}

  /// Refuse the folder.
  record Never() implements Resume {}

  /// Go back to one of its checkpoints; keys of the loop and the optimizer may then have other values.
  record From(Path checkpoint) implements Resume {}

  /// Reads `auto`, `never` or the path of a checkpoint.
  ///
  /// @throws IllegalArgumentException for anything else
  static Resume parse(String text) {
    return switch (text) {
      case "auto" -> new Auto();
      case "never" -> new Never();
      default -> from(Path.of(text));
    };
  }

  private static Resume from(Path checkpoint) {
    if (!Files.isDirectory(checkpoint)) {
      throw new IllegalArgumentException("--resume " + checkpoint + " is neither auto nor never, and no folder of that name is there; "
          + "e.g. --resume runs/quickstart/checkpoints/step-00000050");
    }
    return new From(checkpoint);
  }
}
