package org.jtorch.recipes.score;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.recipes.pretrain.Positions;
import org.jtorch.recipes.score.ScoreRecipe.DualChunk;
import org.jtorch.recipes.score.ScoreRecipe.Way;

/// The shape in which a model's weights are run.
final class Shape {
  private Shape() {}

  /// @param length of the rows
  /// @throws IllegalArgumentException if the model cannot be run in this way
  static DecoderConfig of(DecoderConfig model, Way way, int length) {
    Positions positions = way.positions();
    DecoderConfig shape = positions == null ? model : positions.of(model);
    if (way.window() != null) {
      shape = shape.withBlocks(windows(shape.blocks(), way.window()));
    }
    DualChunk chunks = way.dualChunk();
    if (chunks != null) {
      shape = shape.withBlocks(spans(shape.blocks(), new Span.DualChunk(chunks.trained(), chunks.chunk())));
    }
    return shape.withContext(Math.max(length, shape.maxPositions()));
  }

  private static List<BlockConfig> windows(List<BlockConfig> blocks, int window) {
    if (blocks.stream().noneMatch(block -> sliding(block) != null)) {
      throw new IllegalArgumentException("`window` changes layers with sliding windows, but the model has none; remove it");
    }
    return blocks.stream().map(block -> {
      var gqa = sliding(block);
      return gqa == null ? block : with(block, gqa.withSpan(new Span.Sliding(window)));
    }).toList();
  }

  private static @Nullable Gqa sliding(BlockConfig block) {
    return block.mixer() instanceof Gqa gqa && gqa.span() instanceof Span.Sliding ? gqa : null;
  }

  private static List<BlockConfig> spans(List<BlockConfig> blocks, Span span) {
    return blocks.stream().map(block -> {
      if (!(block.mixer() instanceof Gqa gqa)) {
        throw new IllegalArgumentException("`dual_chunk` needs attention in every layer; remove it");
      }
      return with(block, gqa.withSpan(span));
    }).toList();
  }

  private static BlockConfig with(BlockConfig block, Gqa gqa) {
    return new BlockConfig(gqa, block.feedForward(), block.residual());
  }
}
