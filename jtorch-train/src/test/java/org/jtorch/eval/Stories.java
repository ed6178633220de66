package org.jtorch.eval;

import com.google.errorprone.annotations.MustBeClosed;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.text.Tokenizer;

/// A real small checkpoint (stories260K).
public final class Stories {
  public static final Path FOLDER = resource("/stories260K");
  /// Its BOS.
  public static final long BOS = 1;

  private Stories() {}

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Decoder model() {
    return Pretrained.load(FOLDER, Device.CPU, DType.F32);
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Tokenizer tokenizer() {
    return Tokenizer.load(FOLDER);
  }

  static Path resource(String name) {
    try {
      return Path.of(Objects.requireNonNull(Stories.class.getResource(name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
