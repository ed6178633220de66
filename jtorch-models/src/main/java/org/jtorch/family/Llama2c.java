package org.jtorch.family;

import com.google.errorprone.annotations.MustBeClosed;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffm.MappedFile;
import org.jtorch.io.DataException;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// The first checkpoint format of llama2.c, version 0: seven int32 (dim, hidden, layers, heads, key-value heads, vocabulary,
/// context; a negative vocabulary means a head of its own), then float32 weights, each kind for all layers. Heads turn
/// neighbouring pairs there and halves here, so rows of q and k change places. Its vocabulary lies in another file; use the
/// `tokenizer.json` of the same model.
public final class Llama2c {
  private static final int HEADER = 7 * Integer.BYTES;
  private static final double EPS = 1e-5;
  private static final Rope ROPE = new Rope(10_000, RopeScaling.NONE);

  private final Path path;
  private final MemorySegment bytes;
  private final DecoderConfig config;
  private long at = HEADER;

  private Llama2c(Path path, MemorySegment bytes) {
    this.path = path;
    this.bytes = bytes;
    this.config = config(path, bytes);
  }

  /// Loads a model.
  ///
  /// @throws DataException if the file is not of this format
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Decoder load(Path file, Device device, DType dtype) {
    try (var mapped = MappedFile.open(file)) {
      var reader = new Llama2c(file, mapped.segment());
      var model = new Decoder(reader.config);
      model.allocate((p, shape) -> Ops.empty(p.typeIn(dtype), device, shape));
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        reader.read(model);
      } catch (RuntimeException | Error e) {
        model.close();
        throw e;
      }
      return model;
    } catch (UncheckedIOException e) {
      throw new DataException("cannot open " + file + ": " + e.getMessage(), e);
    }
  }

  private static DecoderConfig config(Path path, MemorySegment bytes) {
    if (bytes.byteSize() < HEADER) {
      throw new DataException(path + " has " + bytes.byteSize() + " bytes and is no llama2.c checkpoint: the header alone has "
          + HEADER);
    }
    int[] h = bytes.asSlice(0, HEADER).toArray(ValueLayout.JAVA_INT_UNALIGNED);
    boolean whole = h[0] > 0 && h[3] > 0 && h[0] % h[3] == 0 && h[5] != 0 && h[5] != Integer.MIN_VALUE && h[6] > 0;
    if (!whole) {
      throw new DataException(path + " is no llama2.c checkpoint of version 0: its header is " + Arrays.toString(h)
          + ", not dim, hidden, layers, heads, key-value heads, vocabulary and context; convert it to safetensors first");
    }
    try {
      return Llama.shape(Math.abs(h[5]), h[0], h[1], h[2], h[3], h[4], h[0] / h[3], h[6], ROPE, EPS, h[5] > 0);
    } catch (IllegalArgumentException e) {
      throw new DataException(path + ": " + e.getMessage(), e);
    }
  }

  private void read(Decoder model) {
    var a = config.attention();
    long expected = HEADER + Float.BYTES * (config.parameterCount() + (long) config.maxPositions() * a.headDim());
    if (bytes.byteSize() != expected) {
      throw new DataException(path + " has " + bytes.byteSize() + " bytes, but its header asks for " + expected + "; fetch it again");
    }
    one(model, "model.embed_tokens.weight");
    layers(model, "input_layernorm", 0);
    layers(model, "self_attn.q_proj", a.heads());
    layers(model, "self_attn.k_proj", a.kvHeads());
    layers(model, "self_attn.v_proj", 0);
    layers(model, "self_attn.o_proj", 0);
    layers(model, "post_attention_layernorm", 0);
    layers(model, "mlp.gate_proj", 0);
    layers(model, "mlp.down_proj", 0);
    layers(model, "mlp.up_proj", 0);
    one(model, "model.norm.weight");
    at += (long) Float.BYTES * config.maxPositions() * a.headDim();            // tables of cosines and sines, computed here
    if (!config.tied()) {
      one(model, "lm_head.weight");
    }
  }

  private void one(Decoder model, String name) {
    var weight = Objects.requireNonNull(model.weights().get(name), name);
    weight.view().copyInPlace(next(weight.shape()));
  }

  /// One kind of weight, of all layers; `heads` above 0 brings neighbouring rows of each head half a head apart.
  private void layers(Decoder model, String name, int heads) {
    for (int i = 0; i < config.layers(); i++) {
      var weight = Objects.requireNonNull(model.weights().get("model.layers." + i + "." + name + ".weight"), name);
      Tensor t = next(weight.shape());
      if (heads > 0) {
        t = t.reshape(heads, t.size(0) / heads / 2, 2, t.size(1)).transpose(1, 2).reshape(weight.shape());
      }
      weight.view().copyInPlace(t);
    }
  }

  private Tensor next(long... shape) {
    long size = Float.BYTES * Arrays.stream(shape).reduce(1, Math::multiplyExact);
    Tensor t = Tensor.alias(bytes.asSlice(at, size), DType.F32, shape);
    at += size;
    return t;
  }
}
