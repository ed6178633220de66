package org.jtorch.recipes.pretrain;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.family.Pretrained;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// The type in which a run trains and saves.
public final class TrainedType {
  private TrainedType() {}

  /// What the recipe says; `auto` keeps the type of a model that training goes on from, unless this machine has no
  /// instructions for it.
  ///
  /// @param note hears of a model's type that changes
  static DType of(Setup setup, Device device, Consumer<String> note) {
    return of(setup.recipe().dtype(), setup.start(), device, note);
  }

  /// @param wanted `auto`, `bf16` or `f32`
  /// @param path the model that training goes on from, or null
  public static DType of(String wanted, @Nullable Path path, Device device, Consumer<String> note) {
    DType chosen = MachineSpeed.dtype(wanted, device);
    if (path == null || !Files.exists(path)) {                 // an earlier stage's model follows the same rule
      return chosen;
    }
    DType stored = Pretrained.storedType(path);
    if (wanted.equals("auto") && stored == DType.F32) {
      return stored;
    }
    if (stored != chosen) {
      note.accept("the model in %s is %s and becomes %s, in which it is trained and saved (dtype: %s)".formatted(path, stored, chosen,
          wanted));
    }
    return chosen;
  }
}
