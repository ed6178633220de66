package org.jtorch.recipes.score;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.pretrain.Positions;

/// Held-out text scored by a model, once for every way of running it.
@Named("score")
public record ScoreRecipe(
    @Doc("names the stage, and its results for later ones") String name,
    @Doc("the model: an earlier stage, or a Hugging Face folder") Reference model,
    @Doc("prepared text with the model's tokenizer, whose held-out part is scored") Reference text,
    @Doc("tokens per row") int seqLen,
    @Doc("stream: documents end to end; packed: whole documents side by side; documents: each a row") @Default("stream") Rows rows,
    @Doc("score targets from this place of a row on only") @Default("0") int from,
    @Doc("no more rows than this; 0: all") @Default("0") long limit,
    @Doc("rows at once") @Default("8") int batch,
    @Default("best") String device,
    @Doc("ways of running the model, by names of one's own; {} runs it as it is") @Default("{plain: {}}") Map<String, Way> ways) implements Stage {
  public ScoreRecipe {
    if (seqLen < 2) {
      throw new IllegalArgumentException("`seq_len` must be >= 2 but was " + seqLen + "; e.g. 256");
    }
    if (from < 0 || from >= seqLen) {
      throw new IllegalArgumentException("`from` must be from 0 to below seq_len (" + seqLen + ") but was " + from + "; 0 scores all");
    }
    if (batch < 1) {
      throw new IllegalArgumentException("`batch` must be >= 1 but was " + batch + "; 8 is usual");
    }
    if (limit < 0) {
      throw new IllegalArgumentException("`limit` must be >= 0 but was " + limit + "; 0 scores all");
    }
    if (ways.isEmpty()) {
      throw new IllegalArgumentException("`ways` is empty; {plain: {}} runs the model as it is");
    }
  }

  /// How held-out text becomes rows.
  public enum Rows { STREAM, PACKED, DOCUMENTS }

  /// One way of running the model.
  public record Way(
      @Doc("tokens per row, where they differ") @Nullable Integer seqLen,
      @Doc("as above, where it differs") @Nullable Integer from,
      @Doc("another window for the layers that have one") @Nullable Integer window,
      @Doc("changes of the rotary positions") @Nullable Positions positions,
      @Doc("Dual Chunk Attention in every layer") @Nullable DualChunk dualChunk) {
    public Way {
      if (window != null && window < 1) {
        throw new IllegalArgumentException("`window` must be >= 1 but was " + window + "; e.g. 64");
      }
    }
  }

  /// Distances folded into those of training (arXiv:2402.17463).
  public record DualChunk(@Doc("the context of training") int trained, @Doc("tokens per chunk; three quarters of it is usual") int chunk) {}
}
