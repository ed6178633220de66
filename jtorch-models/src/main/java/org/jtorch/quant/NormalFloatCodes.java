package org.jtorch.quant;

import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// NF4: `value = table[code] · scale of the block`, blocks of neighbours as the weight lies in memory.
final class NormalFloatCodes extends Codes {
  /// The code book of bitsandbytes: quantiles of the standard normal, 7 below zero, 0 and 8 above, scaled to [−1, 1].
  static final float[] TABLE = {-1, -0.6961928f, -0.52507305f, -0.3949175f, -0.28444138f, -0.18477343f, -0.091050036f, 0,
      0.0795803f, 0.1609302f, 0.2461123f, 0.33791524f, 0.44070983f, 0.562617f, 0.72295684f, 1};
  /// Scales that share the range of their 8 bits.
  private static final int SCALES = 256;
  private static final int STEPS = 255;

  private final long out;
  private final long in;
  private final int block;
  private final Tensor codes;
  private final Tensor table;
  private final Scales scales;

  /// The scales of the blocks.
  ///
  /// @param values float32 `[blocks, 1]`, or uint8 `[blocks / 256, 256]`
  /// @param low float32 `[blocks / 256, 1]`, null if they are not quantized
  /// @param step likewise
  private record Scales(Tensor values, @Nullable Tensor low, @Nullable Tensor step) {
    /// float32 `[blocks, 1]`
    Tensor decode(long blocks) {
      return low == null || step == null ? values
          : values.to(DType.F32).mul(step).add(low).view(-1, 1).narrow(0, 0, blocks);
    }
  }

  private NormalFloatCodes(long out, long in, int block, Tensor codes, Tensor table, Scales scales) {
    this.out = out;
    this.in = in;
    this.block = block;
    this.codes = codes;
    this.table = table;
    this.scales = scales;
  }

  static NormalFloatCodes of(Tensor w, QuantConfig.NormalFloat config) {
    Tensor rows = padded(w.to(DType.F32).reshape(-1), config.block()).view(-1, config.block());   // [blocks, block]
    Tensor largest = rows.abs().amax(1, true);
    Scales scales = config.doubleQuant() ? eightBits(largest) : new Scales(largest.copy(), null, null);
    Tensor by = scales.decode(rows.size(0));
    Tensor x = rows.div(by.maskedFill(by.eq(0), 1));                                              // a block of zeros
    Tensor table = Tensor.of(TABLE).to(w.device());
    Tensor[] bounds = IntStream.range(1, VALUES).mapToObj(i -> table.narrow(0, i - 1, 2).mean(0, true)).toArray(Tensor[]::new);
    return new NormalFloatCodes(w.size(0), w.size(1), config.block(), pack(count(x, bounds).view(-1)), table, scales);
  }

  /// Zeros behind x up to a multiple of n. `[m]`
  private static Tensor padded(Tensor x, long n) {
    long missing = (n - x.numel() % n) % n;
    return missing == 0 ? x : Ops.cat(0, x, Ops.zeros(x.dtype(), x.device(), missing));
  }

  private static Scales eightBits(Tensor scales) {
    Tensor groups = padded(scales.reshape(-1), SCALES).view(-1, SCALES);
    Tensor low = groups.neg().amax(1, true).neg();
    Tensor step = groups.amax(1, true).sub(low).div(STEPS);
    Tensor safe = step.maskedFill(step.eq(0), 1);
    return new Scales(groups.sub(low).div(safe).add(0.5).to(DType.U8), low, step);
  }

  @Override Tensor decode() {
    Tensor values = Ops.embedding(pairs(table.view(1, VALUES)), codes.to(DType.I32)).view(-1, block);                    // [blocks, block]
    return values.mulInPlace(scales.decode(values.size(0))).view(-1).narrow(0, 0, out * in).view(out, in);
  }

  @Override public void forEachTensor(Consumer<Tensor> action) {
    action.accept(codes);
    action.accept(table);
    action.accept(scales.values());
    if (scales.low() != null && scales.step() != null) {
      action.accept(scales.low());
      action.accept(scales.step());
    }
  }
}
