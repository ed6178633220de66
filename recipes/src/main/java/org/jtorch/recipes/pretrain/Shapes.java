package org.jtorch.recipes.pretrain;

import com.google.errorprone.annotations.MustBeClosed;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Families;
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

  static DecoderConfig of(PretrainRecipe recipe, int vocab) {
    int seqLen = recipe.data().seqLen();
    return switch (recipe.model()) {
      case ModelConfig.Llama m -> llama(m, vocab, seqLen);
      case ModelConfig.Preset(String name, Integer positions) -> {
        var shape = preset(name).withVocab(vocab);
        yield shape.withContext(positions == null ? seqLen : positions);
      }
      case ModelConfig.Folder(var path) -> {
        var shape = Pretrained.config(path);
        if (vocab > shape.vocab()) {
          throw new DataException("the tokenizer has " + vocab + " tokens but the model in " + path + " has " + shape.vocab()
              + " rows; use the model's own tokenizer");
        }
        yield shape;
      }
    };
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
  static Decoder build(PretrainRecipe recipe, DecoderConfig shape, Device device, DType dtype) {
    return switch (recipe.model()) {
      case ModelConfig.Folder(var path) -> Pretrained.load(path, device, dtype);
      default -> Decoder.create(shape, device, dtype, Rng.of(recipe.seed()));
    };
  }
}
