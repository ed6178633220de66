package org.jtorch.recipes.pretrain;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jtorch.corpus.CorpusSpec;
import org.jtorch.corpus.HeldOut;
import org.jtorch.corpus.Preparation;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.corpus.TokenizerOrigin;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenBatches;
import org.jtorch.data.TokenShards;
import org.jtorch.recipes.pretrain.PretrainRecipe.Packing;
import org.jtorch.recipes.pretrain.PretrainRecipe.TokenizerConfig;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.text.Tokenizer;

/// The text of a run as tokens, laid out in rows as the recipe says.
final class Corpus implements AutoCloseable {
  private final PretrainRecipe recipe;
  private final PreparedCorpus prepared;
  private final List<RowSource> train;
  private final RowSource validation;

  private Corpus(PretrainRecipe recipe, PreparedCorpus prepared) {
    this.recipe = recipe;
    this.prepared = prepared;
    this.train = prepared.sources().stream().map(source -> rows(source.tokens())).toList();
    this.validation = rows(prepared.validation());
    prepared.sources().forEach(source -> source.tokens().verify());
    prepared.validation().verify();
  }

  /// Opens the run's tokens, which are prepared.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the corpus
  static Corpus open(PretrainRecipe recipe, RunFolder run) {
    return new Corpus(recipe, PreparedCorpus.open(CorpusFolder.of(recipe, run)));
  }

  /// Opens tokens that are prepared in a folder of their own.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the corpus
  static Corpus open(PretrainRecipe recipe, Path folder) {
    return new Corpus(recipe, PreparedCorpus.open(folder));
  }

  /// Makes the run's tokens and its tokenizer's folder if they are not there; what a process that ended meanwhile has made is
  /// used.
  static void prepare(PretrainRecipe recipe, RunFolder run, Consumer<String> note) {
    var folder = CorpusFolder.of(recipe, run);
    boolean there = recipe.data().source() instanceof SourceConfig.Tokens || PreparedCorpus.isIn(folder);
    if (!there) {
      var _ = new Preparation(spec(recipe), folder).run(note, () -> false);
    }
    try (var prepared = PreparedCorpus.open(folder)) {
      RunTokenizer.write(recipe, prepared, run);
    }
  }

  /// What the recipe's tokens are made of.
  static CorpusSpec spec(PretrainRecipe recipe) {
    var data = recipe.data();
    var tokenizer = switch (Objects.requireNonNull(recipe.tokenizer(), "the recipe was checked")) {
      case TokenizerConfig.Train t -> new TokenizerOrigin.Learned(t.vocabSize(), TokenizerConfig.EOS, t.specialTokens(), t.sampleBytes(),
          t.seed());
      case TokenizerConfig.File f -> new TokenizerOrigin.Given(f.path(), f.eos());
    };
    var validation = data.validation();
    return new CorpusSpec(SourceConfig.parts(data.source()), tokenizer, new HeldOut.Share(data.heldOut(), data.heldOutBytes()),
        validation == null ? null : validation.source());
  }

  private RowSource rows(TokenShards shards) {
    var data = recipe.data();
    var rows = data.packing() == Packing.PACKED ? RowSource.packed(shards, data.seqLen()) : RowSource.concatenated(shards, data.seqLen());
    return data.documentMask() ? rows : RowSource.unmasked(rows);
  }

  Tokenizer tokenizer() {
    return prepared.tokenizer();
  }

  /// The batches of the run: each source gives tokens by its weight.
  TokenBatches batches() {
    return TokenBatches.mixed(recipe.seed(), recipe.train().batch(), train, weights());
  }

  /// As the recipe says now, else as it was prepared.
  private double[] weights() {
    return prepared.sources().stream().mapToDouble(source ->
        recipe.data().source() instanceof SourceConfig.Mix(var sources) && sources.get(source.name()) instanceof SourceConfig.Weighted w
            ? w.weight() : source.weight()).toArray();
  }

  /// Steps of the run.
  long steps() {
    return recipe.train().steps(recipe.data().seqLen(), train.stream().mapToLong(RowSource::rows).sum());
  }

  RowSource validationRows() {
    return validation;
  }

  long validationBytes() {
    return prepared.validation().textBytes();
  }

  /// Tokens of the held-out text that a model is to predict, BOS aside.
  long validationTokens() {
    return prepared.validationTokens();
  }

  long eosId() {
    return prepared.eosId();
  }

  @Override public void close() {
    prepared.close();
  }
}
