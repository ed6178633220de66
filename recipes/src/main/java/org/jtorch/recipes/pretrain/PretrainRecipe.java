package org.jtorch.recipes.pretrain;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.corpus.TokenizerOrigin;
import org.jtorch.data.BatchRamp;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Metrics;
import org.jtorch.recipes.run.Save;
import org.jtorch.train.SpikeGuard;

/// A model trained on text from its first token: everything that a run needs, as values.
@Named("pretrain")
public record PretrainRecipe(
    @Doc("names the run; its folder is runs/<name> unless --out says otherwise") String name,
    @Doc("the model that training goes on from, in place of `model`: an earlier stage, or a Hugging Face folder; its tokenizer comes along")
    @Nullable Reference from,
    @Doc("one number that data order, initial weights and samples follow from") @Default("1") long seed,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("auto (bf16 where this machine has instructions for its products, else f32; f32 for a model that is f32), bf16 or f32")
    @Default("auto") String dtype,
    Data data,
    @Doc("needed unless data.source is of type tokens, which bring theirs, or there is a model to go on from") @Nullable TokenizerConfig tokenizer,
    @Doc("what is trained, unless `from` names it") @Nullable ModelConfig model,
    @Doc("changes of the positions of the model that training goes on from") @Nullable Positions positions, Train train,
    @Default("{}") OptimizerConfig optimizer,
    @Doc("what the optimizer remembers of the stage that `from` names; unless given it is kept if both have the same optimizer")
    @Nullable OptimizerState optimizerState,
    @Default("{}") AverageConfig average, @Default("{}") Eval eval, @Default("{}") Save save, @Default("{}") Metrics metrics) implements Stage {

  public PretrainRecipe {
    OptimizerConfig.forPretraining(optimizer);
    if (model == null && from == null) {
      throw new IllegalArgumentException("`model` is missing, and so is `from`; give one of them,"
          + " e.g. model: {type: llama, dim: 256, layers: 4, heads: 8}");
    }
    if (model != null && from != null) {
      throw new IllegalArgumentException("`from` names the model that training goes on from, so `model` has no use; remove one of them");
    }
    if (optimizerState == OptimizerState.KEEP && from == null) {
      throw new IllegalArgumentException("`optimizer_state` can be kept only from a stage that `from` names; remove it");
    }
    if (positions != null && from == null && !(model instanceof ModelConfig.Folder)) {
      throw new IllegalArgumentException("`positions` changes a model that training goes on from; a new one has its own keys for them in `model`");
    }
    if (save.keepBest() && (eval.every() == 0 || save.every() == 0 || eval.every() % save.every() != 0)) {
      throw new IllegalArgumentException("`save.keep_best` needs a checkpoint wherever it validates: eval.every (" + eval.every()
          + ") must be a multiple of save.every (" + save.every() + "); e.g. the same number for both");
    }
  }

  /// What becomes of the moments of the stage that training goes on from.
  public enum OptimizerState { KEEP, RESET }

  /// Where text comes from and how it becomes rows.
  public record Data(
      SourceConfig source,
      @Doc("tokens per row") int seqLen,
      @Doc("concatenated: documents end to end; packed: best-fit, only documents longer than a row are cut")
      @Default("packed") Packing packing,
      @Doc("keep attention, positions and targets within a document; false: a row is one text") @Default("true") boolean documentMask,
      @Doc("share of the documents held out for validation, at most") @Default("0.05") double heldOut,
      @Doc("no more than this many bytes of text are held out") @Default("1000000") long heldOutBytes,
      @Doc("texts of your own to validate on; then nothing is held out") SourceConfig.@Nullable Text validation,
      @Doc("folder where prepared text is kept for all runs on it; without it each run keeps its own") @Nullable Path cache) {
    public Data {
      atLeast("seq_len", seqLen, 2);
      atLeast("held_out_bytes", heldOutBytes, 1);
      if (!(heldOut > 0 && heldOut < 1)) {
        throw new IllegalArgumentException("`held_out` must lie between 0 and 1 but was " + heldOut + "; 0.05 is usual");
      }
    }
  }

  public enum Packing { PACKED, CONCATENATED }

  /// Where the tokenizer comes from.
  public sealed interface TokenizerConfig {
    /// What ends a document for a tokenizer that is trained.
    String EOS = "<|endoftext|>";

    /// What a preparation makes of it.
    TokenizerOrigin origin();

    /// Byte-level BPE trained on a sample of the training text.
    record Train(
        @Default("4096") int vocabSize,
        @Doc("tokens that no text turns into, beside <|endoftext|>: for chats to come, for example")
        @Default("[]") List<String> specialTokens,
        @Doc("text that it learns from, at most; the sample is drawn over the whole text, and is kept in memory") @Default("64000000")
        long sampleBytes,
        @Doc("which texts the sample holds, if not all") @Default("1") long seed) implements TokenizerConfig {
      public Train {
        atLeast("vocab_size", vocabSize, 260 + specialTokens.size());
        atLeast("sample_bytes", sampleBytes, 1_000);
        for (String token : specialTokens) {
          if (token.isBlank() || token.equals(EOS) || Collections.frequency(specialTokens, token) > 1) {
            throw new IllegalArgumentException("`special_tokens` has " + (token.isBlank() ? "a blank token" : token.equals(EOS)
                ? EOS + ", which is there in any case" : token + " twice") + "; e.g. [\"<|im_start|>\", \"<|im_end|>\"]");
          }
        }
      }

      @Override public TokenizerOrigin origin() {
        return new TokenizerOrigin.Learned(vocabSize, EOS, specialTokens, sampleBytes, seed);
      }
    }

    /// A `tokenizer.json`, or the folder that holds one.
    record File(Path path, @Doc("the token that ends a document") String eos) implements TokenizerConfig {
      @Override public TokenizerOrigin origin() {
        return new TokenizerOrigin.Given(path, eos);
      }
    }
  }

  /// What is trained.
  public sealed interface ModelConfig {
    /// A Llama-shaped model; the vocabulary is the tokenizer's.
    record Llama(int dim, int layers, int heads, @Nullable Integer kvHeads, @Nullable Integer hidden, @Default("10000") double ropeTheta,
        @Default("true") boolean tied, @Default("1e-5") double normEps, @Nullable Integer maxPositions) implements ModelConfig {
      public Llama {
        atLeast("dim", dim, 1);
        atLeast("layers", layers, 1);
        atLeast("heads", heads, 1);
        atLeast("hidden", hidden == null ? 1 : hidden, 1);
        atLeast("max_positions", maxPositions == null ? 1 : maxPositions, 1);
        if (dim % heads != 0) {
          throw new IllegalArgumentException("`heads` (" + heads + ") must divide `dim` (" + dim + "); e.g. heads: " + divisor(dim, heads));
        }
        if (kvHeads != null && (kvHeads < 1 || heads % kvHeads != 0)) {
          throw new IllegalArgumentException("`kv_heads` (" + kvHeads + ") must divide `heads` (" + heads + "); e.g. kv_heads: "
              + divisor(heads, Math.max(1, kvHeads)));
        }
      }
    }

    /// A shape by its name, `llama3-tiny` for example (the presets of [org.jtorch.family.Families]); the vocabulary is the tokenizer's.
    record Preset(String name, @Nullable Integer maxPositions,
        @Doc("base of the rotary frequencies; unless given as the finished model has it") @Nullable Double ropeTheta,
        @Doc("width of the feed-forward layers; unless given as the finished model has it: AFM's begins with three times that") @Nullable Integer hidden)
        implements ModelConfig {
      public Preset {
        atLeast("hidden", hidden == null ? 1 : hidden, 1);
      }
    }

    /// A Hugging Face folder to go on from: shape and weights.
    record Folder(Path path) implements ModelConfig {}
  }

  /// The loop.
  public record Train(
      @Doc("steps of the run; it ends with the first of steps, tokens and epochs that is given and reached") @Nullable Long steps,
      @Doc("tokens of the run, padding included: batch * seq_len each step") @Nullable Long tokens,
      @Doc("passes over the training text") @Nullable Double epochs,
      @Doc("rows per step, over all micro-batches") int batch,
      @Doc("later sizes of the batch, each from so many tokens of the run on") @Default("[]") List<RampStep> ramp,
      @Doc("micro-batches per step; where the batch grows, of the first") @Default("1") int accumulate,
      @Doc("the schedule's peak") @Default("3e-4") double learningRate,
      @Default("{type: cosine}") ScheduleConfig schedule,
      @Doc("global gradient norm above which gradients are scaled down") @Default("1.0") double clip,
      @Doc("recompute blocks during backward: less memory, a third more time") @Default("false") boolean activationCheckpointing,
      @Doc("tokens per chunk of the loss; 0 chooses by vocabulary") @Default("0") int chunkTokens,
      @Doc("what is minimised: the next token's cross-entropy, or a teacher's say") @Default("{}") LossConfig loss,
      @Default("{}") Spikes spikes) {
    public Train {
      if (steps == null && tokens == null && epochs == null) {
        throw new IllegalArgumentException("`steps` is missing, and so are `tokens` and `epochs`; give one of them, e.g. steps: 1000");
      }
      atLeast("steps", steps == null ? 1 : steps, 1);
      atLeast("tokens", tokens == null ? 1 : tokens, 1);
      if (epochs != null && !(epochs > 0 && epochs < 1e9)) {
        throw new IllegalArgumentException("`epochs` must be above 0 but was " + epochs + "; e.g. 1");
      }
      atLeast("batch", batch, 1);
      atLeast("accumulate", accumulate, 1);
      if (batch % accumulate != 0) {
        throw new IllegalArgumentException("`accumulate` (" + accumulate + ") must divide `batch` (" + batch + "); e.g. accumulate: "
            + divisor(batch, accumulate));
      }
      if (!(learningRate > 0)) {
        throw new IllegalArgumentException("`learning_rate` must be > 0 but was " + learningRate + "; e.g. 3e-4");
      }
      atLeast("chunk_tokens", chunkTokens, 0);
      if (!(clip > 0)) {
        throw new IllegalArgumentException("`clip` must be > 0 but was " + clip + "; e.g. 1.0");
      }
    }

    /// Steps of the run: the fewest of what `steps`, `tokens` and `epochs` come to.
    ///
    /// @param rows of the training text, in one epoch
    long steps(int seqLen, double rows) {
      var growing = ramp(seqLen);
      double least = steps == null ? Double.MAX_VALUE : steps;
      if (tokens != null) {
        least = Math.min(least, growing.stepsFor(tokens));
      }
      if (epochs != null) {
        least = Math.min(least, ramp.isEmpty() ? Math.ceil(epochs * rows / batch) : growing.stepsFor(epochs * rows * growing.longest()));
      }
      return (long) Math.max(1, least);
    }

    /// The batch over the run; of one phase if it does not grow.
    ///
    /// @param seqLen of the first rows
    /// @throws IllegalArgumentException if rows and batch cannot follow
    BatchRamp ramp(int seqLen) {
      var phases = new ArrayList<>(List.of(new BatchRamp.Phase(0, batch, seqLen)));
      for (RampStep step : ramp) {
        var last = phases.getLast();
        phases.add(new BatchRamp.Phase(step.tokens(), step.batch() == null ? last.batch() : step.batch(),
            step.seqLen() == null ? last.seqLen() : step.seqLen()));
      }
      return new BatchRamp(phases);
    }
  }

  /// A later size of the batch.
  public record RampStep(@Doc("tokens of the run from which on it is so") long tokens,
      @Doc("rows per step; unless given as before") @Nullable Integer batch,
      @Doc("tokens per row; unless given as before") @Nullable Integer seqLen) {
    public RampStep {
      atLeast("tokens", tokens, 1);
      atLeast("batch", batch == null ? 1 : batch, 1);
      atLeast("seq_len", seqLen == null ? 2 : seqLen, 2);
    }
  }

  /// Updates that are left out because their gradient is far above the recent ones.
  public record Spikes(@Default("128") int window, @Default("6") double sigmas,
      @Doc("updates left out in a row after which the norms have a new level, or the run has diverged") @Default("20") int patience) {
    public Spikes {
      var _ = new SpikeGuard.Options(window, sigmas, patience);
    }

    SpikeGuard.Options options() {
      return new SpikeGuard.Options(window, sigmas, patience);
    }
  }

  private static void atLeast(String key, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException("`" + key + "` must be >= " + least + " but was " + value);
    }
  }

  /// The divisor of n nearest to `near`.
  private static int divisor(int n, int near) {
    int best = 1;
    for (int d = 1; d <= n; d++) {
      if (n % d == 0 && Math.abs(d - near) < Math.abs(best - near)) {
        best = d;
      }
    }
    return best;
  }
}
