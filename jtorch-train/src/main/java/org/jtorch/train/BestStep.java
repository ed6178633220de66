package org.jtorch.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.io.JsonFile;

/// The validation that went best so far, in `best.json` beside the checkpoints.
record BestStep(long step, double loss) {
  /// Of no step.
  static final BestStep NONE = new BestStep(-1, Double.POSITIVE_INFINITY);

  static BestStep read(Path checkpoints) {
    Path file = file(checkpoints);
    if (!Files.exists(file)) {
      return NONE;
    }
    var json = JsonFile.open(file);
    return new BestStep(json.requiredLong("step"), json.requiredDouble("loss"));
  }

  void write(Path checkpoints) {
    JsonFile.write(file(checkpoints), JsonNodeFactory.instance.objectNode().put("step", step).put("loss", loss));
  }

  private static Path file(Path checkpoints) {
    return checkpoints.resolve("best.json");
  }
}
