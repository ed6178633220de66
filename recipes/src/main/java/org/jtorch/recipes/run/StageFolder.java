package org.jtorch.recipes.run;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Files;
import java.util.List;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.config.Difference;

/// What a run of several stages needs to know and to do about the folder of one, and about its own.
public final class StageFolder {
  private StageFolder() {}

  /// Keeps other processes out until it is closed.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Lock lock(RunFolder run) {
    return RunLock.take(run)::close;
  }

  /// Held until it is closed.
  public interface Lock extends AutoCloseable {
    @Override void close();
  }

  /// The keys in which a recipe differs from what was begun in a folder so that it cannot go on there; none if nothing was.
  public static List<Difference> differences(RunFolder stage, Bound<? extends Record> recipe) {
    return Resumption.against(stage, recipe);
  }

  /// Whether a recipe asks for a longer run than the one in a folder.
  public static boolean isLonger(RunFolder stage, Bound<? extends Record> recipe) {
    return Resumption.isLonger(stage, recipe);
  }

  /// Whether anything was begun in a folder.
  public static boolean isBegun(RunFolder stage) {
    return Files.exists(stage.recipe());
  }
}
