package org.jtorch.recipes.pretrain;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Families;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.recipes.config.Suggest;
import org.jtorch.recipes.pretrain.PretrainRecipe.ModelConfig;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;

/// From a recipe's `model` to a decoder.
final class Shapes {
  private Shapes() {}

  /// The shape that is trained.
  ///
  /// @param vocab tokens of the tokenizer
  static DecoderConfig of(Setup setup, int vocab) {
    var recipe = setup.recipe();
    int longest = recipe.train().ramp(recipe.data().seqLen()).longest();
    var from = setup.from();
    if (from != null) {
      return positions(recipe, fits(vocab, from.shape(), from.folder()));
    }
    return switch (Objects.requireNonNull(recipe.model(), "the recipe was checked")) {
      case ModelConfig.Llama m -> llama(m, vocab, longest);
      case ModelConfig.Preset m -> new Positions(m.ropeTheta(), m.ropeTheta() == null ? null : new Positions.ScalingConfig.None(),
          m.maxPositions() == null ? longest : m.maxPositions()).of(wide(preset(m.name()), m.hidden()).withVocab(vocab));
      case ModelConfig.Folder(var path) -> positions(recipe, fits(vocab, Pretrained.config(path), path));
    };
  }

  private static DecoderConfig wide(DecoderConfig shape, @Nullable Integer hidden) {
    return hidden == null ? shape : shape.withBlocks(shape.blocks().stream().map(block -> {
      if (!(block.feedForward() instanceof FeedForwardConfig.Gated gated)) {
        throw new IllegalArgumentException("has layers of experts, whose width `model.hidden` does not change; remove it");
      }
      return new BlockConfig(block.mixer(), new FeedForwardConfig.Gated(hidden, gated.activation(), gated.bias()), block.residual());
    }).toList());
  }

  private static DecoderConfig fits(int vocab, DecoderConfig shape, Path folder) {
    if (vocab > shape.vocab()) {
      throw new DataException("the tokenizer has " + vocab + " tokens but the model in " + folder + " has " + shape.vocab()
          + " rows; use the model's own tokenizer");
    }
    return shape;
  }

  private static DecoderConfig positions(PretrainRecipe recipe, DecoderConfig shape) {
    return recipe.positions() == null ? shape : recipe.positions().of(shape);
  }

  private static DecoderConfig llama(ModelConfig.Llama m, int vocab, int seqLen) {
    int kvHeads = m.kvHeads() == null ? m.heads() : m.kvHeads();
    int hidden = m.hidden() == null ? (m.dim() * 8 / 3 + 63) / 64 * 64 : m.hidden();
    int positions = m.maxPositions() == null ? seqLen : m.maxPositions();
    return Llama.shape(vocab, m.dim(), hidden, m.layers(), m.heads(), kvHeads, m.dim() / m.heads(), positions,
        new Rope(m.ropeTheta(), RopeScaling.NONE), m.normEps(), m.tied());
  }

  static DecoderConfig preset(String name) {
    var presets = Families.presets();
    var shape = presets.get(name);
    if (shape == null) {
      throw new IllegalArgumentException("`model.name` unknown preset \"" + name + "\"" + Suggest.hint(name, presets.keySet()));
    }
    return shape;
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  static Decoder build(Setup setup, DecoderConfig shape, Device device, DType dtype) {
    Path start = setup.start();
    return start != null ? Pretrained.load(shape, start, device, dtype)
        : Decoder.create(shape, device, dtype, Rng.of(setup.recipe().seed()));
  }
}
