package org.jtorch.recipes.cli;

import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.gguf.GgufExport;
import org.jtorch.gguf.GgufType;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.tensor.DType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch convert`: a model folder to a GGUF file, or to a folder in another type or in smaller files. The model is mapped,
/// so it need not fit into memory.
@Command
final class ConvertCommand implements Runnable {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,30})\\s*([kmgt]?)i?b?", Pattern.CASE_INSENSITIVE);

  @Spec @Nullable CommandSpec spec;

  @Parameters(index = "0", paramLabel = "FOLDER", description = "The model: config.json, safetensors, tokenizer.json.")
  Path folder = Path.of("");

  @Parameters(index = "1", paramLabel = "OUT", description = "The file (gguf) or folder (safetensors) to write; it must not exist.")
  Path out = Path.of("");

  @Option(names = "--to", paramLabel = "FORMAT", description = "gguf, which llama.cpp reads, or safetensors. Default: ${DEFAULT-VALUE}.")
  String format = "gguf";

  @Option(names = "--type", paramLabel = "TYPE",
      description = "For gguf f32, f16 (the default) or q8_0; for safetensors f32, f16 or bf16 (default: as it is).")
  @Nullable String type;

  @Option(names = "--shard-size", paramLabel = "SIZE",
      description = "For safetensors: the most that one file holds, 2GB for example. Default: 5GB.")
  @Nullable String shardSize;

  @Override public void run() {
    boolean gguf = switch (format) {
      case "gguf" -> true;
      case "safetensors" -> false;
      default -> throw new IllegalArgumentException("--to must be gguf or safetensors but was \"" + format + "\"");
    };
    if (gguf && shardSize != null) {
      throw new IllegalArgumentException("--shard-size is for --to safetensors; a GGUF model is one file");
    }
    if (Files.exists(out, LinkOption.NOFOLLOW_LINKS)) {
      throw new IllegalArgumentException(out + " exists already and is not overwritten; delete it or choose another name");
    }
    if (gguf) {
      gguf(GgufType.parse(type == null ? "f16" : type));
    } else {
      safetensors(type == null ? null : floating(type), bytes(shardSize));
    }
    Output.of(spec).flush();
  }

  private void gguf(GgufType as) {
    try (var tokenizer = TokenizerFolder.of(folder); var model = model()) {
      var err = Objects.requireNonNull(spec, "picocli sets the spec").commandLine().getErr();
      GgufExport.write(model, tokenizer.path(), out, as).forEach(note -> err.println("note: " + note));
      err.flush();
      Output.of(spec).println("wrote " + out + " (" + as + ", " + megabytes(size(out)) + ")");
    }
  }

  private void safetensors(@Nullable DType as, long shardBytes) {
    try (var model = model()) {
      DType stored = as == null ? model.dtype() : as;
      AtomicFolder.publish(out, model.parameterCount() * stored.bytes(), f -> Pretrained.save(model, f, stored, folder, shardBytes));
      Output.of(spec).println("wrote " + out + " (" + stored + ", " + megabytes(model.parameterCount() * stored.bytes()) + ")");
    }
  }

  @MustBeClosed
  private Decoder model() {
    if (!Files.isDirectory(folder)) {
      throw new DataException("model folder not found: " + folder
          + "; give a folder with config.json, model.safetensors and tokenizer.json");
    }
    return Pretrained.open(folder);
  }

  private static DType floating(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "f32" -> DType.F32;
      case "f16" -> DType.F16;
      case "bf16" -> DType.BF16;
      default -> throw new IllegalArgumentException("--type for safetensors must be f32, f16 or bf16 but was \"" + name + "\"");
    };
  }

  /// `500MB`, `2G`, `123456`; powers of 1024.
  static long bytes(@Nullable String size) {
    if (size == null) {
      return Pretrained.SHARD_BYTES;
    }
    var m = SIZE.matcher(size.strip());
    if (m.matches()) {
      int power = m.group(2).isEmpty() ? 0 : "kmgt".indexOf(m.group(2).toLowerCase(Locale.ROOT)) + 1;
      var bytes = new BigInteger(m.group(1)).shiftLeft(10 * power);
      if (bytes.signum() > 0) {
        return bytes.bitLength() < Long.SIZE ? bytes.longValue() : Long.MAX_VALUE;      // more than any model
      }
    }
    throw new IllegalArgumentException("--shard-size must be a size such as 500MB or 2GB but was \"" + size + "\"");
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new DataException("cannot read the size of " + file + ": " + e.getMessage(), e);
    }
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }
}
