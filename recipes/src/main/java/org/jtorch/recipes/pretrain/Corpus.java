package org.jtorch.recipes.pretrain;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jtorch.corpus.CorpusSpec;
import org.jtorch.corpus.HeldOut;
import org.jtorch.corpus.Preparation;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchOrder;
import org.jtorch.data.BatchSource;
import org.jtorch.data.RampedBatches;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenBatches;
import org.jtorch.data.TokenShards;
import org.jtorch.recipes.pretrain.PretrainRecipe.Packing;
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
  static Corpus open(Setup setup, RunFolder run) {
    return new Corpus(setup.recipe(), PreparedCorpus.open(CorpusFolder.of(setup, run)));
  }

  /// Opens tokens that are prepared in a folder of their own.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the corpus
  static Corpus open(PretrainRecipe recipe, Path folder) {
    return new Corpus(recipe, PreparedCorpus.open(folder));
  }

  /// Makes the run's tokens and its tokenizer's folder if they are not there; what a process that ended meanwhile has made is
  /// used.
  static void prepare(Setup setup, RunFolder run, Consumer<String> note) {
    var folder = CorpusFolder.of(setup, run);
    boolean there = setup.recipe().data().source() instanceof SourceConfig.Tokens || PreparedCorpus.isIn(folder);
    if (!there) {
      var _ = new Preparation(spec(setup), folder).run(note, () -> false);
    }
    try (var prepared = PreparedCorpus.open(folder)) {
      RunTokenizer.write(setup, prepared, run);
    }
  }

  /// What the recipe's tokens are made of.
  static CorpusSpec spec(Setup setup) {
    var data = setup.recipe().data();
    var validation = data.validation();
    return new CorpusSpec(SourceConfig.parts(data.source()), setup.tokenizer(), new HeldOut.Share(data.heldOut(), data.heldOutBytes()),
        validation == null ? null : validation.source());
  }

  private RowSource rows(TokenShards shards) {
    var data = recipe.data();
    int seqLen = recipe.train().ramp(data.seqLen()).longest();
    var rows = data.packing() == Packing.PACKED ? RowSource.packed(shards, seqLen) : RowSource.concatenated(shards, seqLen);
    return data.documentMask() ? rows : RowSource.unmasked(rows);
  }

  PreparedCorpus prepared() {
    return prepared;
  }

  /// The beginning of the held-out text, about so many characters of it.
  String validationText(int characters) {
    var shards = prepared.validation();
    var text = new StringBuilder();
    for (long d = 0; d < shards.documents() && text.length() < characters; d++) {
      long[] ids = new long[(int) shards.length(d)];
      shards.copy(shards.start(d), ids.length, ids, 0);
      text.append(prepared.tokenizer().decode(ids, true)).append('\n');
    }
    return text.toString();
  }

  Tokenizer tokenizer() {
    return prepared.tokenizer();
  }

  /// The batches of the run: each source gives tokens by its weight.
  BatchSource<Batch> batches() {
    double[] weights = weights();
    var used = IntStream.range(0, weights.length).filter(i -> weights[i] > 0).boxed().toList();
    var rows = used.stream().map(train::get).toList();
    double[] shares = used.stream().mapToDouble(i -> weights[i]).toArray();
    return recipe.train().ramp().isEmpty() ? TokenBatches.mixed(seed(), recipe.train().batch(), rows, shares)
        : new RampedBatches(seed(), recipe.train().ramp(recipe.data().seqLen()), rows, shares);
  }

  /// A stage that goes on from another on the same text sees it in an order of its own.
  private long seed() {
    return recipe.from() == null ? recipe.seed() : BatchOrder.mix(recipe.seed() ^ recipe.name().hashCode());
  }

  /// As the recipe says now, else as it was prepared.
  private double[] weights() {
    return prepared.sources().stream().mapToDouble(source -> switch (recipe.data().source()) {
      case SourceConfig.Mix(var sources) when sources.get(source.name()) instanceof SourceConfig.Weighted w -> w.weight();
      case SourceConfig.Tokens(_, var weights) -> weights.getOrDefault(source.name(), source.weight());
      default -> source.weight();
    }).toArray();
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
