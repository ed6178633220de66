package org.jtorch.tensor;

import com.google.errorprone.annotations.MustBeClosed;
import org.bytedeco.pytorch.GradMode;

/// Autograd's switch for this thread.
public final class Grad {
  private Grad() {}

  /// Records no operation for backward until the returned mode is closed.
  @MustBeClosed
  public static Mode off() {
    return new Mode(false);
  }

  /// Records operations again, inside a region that had switched it off.
  @MustBeClosed
  public static Mode on() {
    return new Mode(true);
  }

  public static boolean isOn() {
    Native.load();
    return GradMode.is_enabled();
  }

  /// Restores the mode that was set before.
  public static final class Mode implements AutoCloseable {
    private final boolean before;

    private Mode(boolean on) {
      before = isOn();
      GradMode.set_enabled(on);
    }

    @Override public void close() {
      GradMode.set_enabled(before);
    }
  }
}
