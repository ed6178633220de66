package org.jtorch.recipes.align;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.align.chats.RowShards;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.data.TokenShards;
import org.jtorch.decoder.Decoder;
import org.jtorch.io.AtomicFolder;
import org.jtorch.observe.EvalEvent;
import org.jtorch.optim.Optimizer;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.TrainOptions;

/// Conversations to imitate, packed or one a row.
final class SftJob implements ChatLoop.Job<Decoder> {
  private static final int MULTIPLE = 32;
  private final SftRecipe recipe;
  private final ChatLoop loop;
  private final ChatModel chats;
  private final List<TokenRow> held;
  private final BatchSource<Batch> batches;
  private final List<TokenShards> shards = new ArrayList<>();

  SftJob(SftRecipe recipe, ChatLoop loop, ChatModel chats) {
    this.recipe = recipe;
    this.loop = loop;
    this.chats = chats;
    var encoder = chats.encoder(recipe.chats(), recipe.turns());
    var rows = HeldOut.read(recipe, loop.known(), (set, problems) -> encoder.rows(set.conversations(), problems), loop.logs()::note);
    this.held = rows.held();
    this.batches = recipe.packing() ? packed(rows.train()) : apart(rows.train());
  }

  private BatchSource<Batch> apart(List<List<TokenRow>> sources) {
    return ExampleBatches.mixed(recipe.seed(), recipe.train().batch(), sources, recipe.chats().shares(), collator()::batch);
  }

  private Collator collator() {
    return new Collator(recipe.chats().maxTokens(), Math.min(MULTIPLE, recipe.chats().maxTokens()));
  }

  private BatchSource<Batch> packed(List<List<TokenRow>> sources) {
    var rows = new ArrayList<RowSource>();
    for (int s = 0; s < sources.size(); s++) {
      Path folder = loop.run().data().resolve("chats-" + s);
      var source = sources.get(s);
      loop.ranks().afterFirst(() -> {
        if (loop.ranks().isFirst() && !Files.exists(folder)) {
          AtomicFolder.publish(folder, into -> RowShards.write(into, chats.tokenizer(), chats.stops().getFirst(), source).close());
        }
      });
      var opened = TokenShards.open(folder).requireTokenizer(chats.tokenizer());
      shards.add(opened);
      rows.add(RowShards.packed(opened, recipe.chats().maxTokens() - 1));
    }
    return TokenBatches.mixed(recipe.seed(), recipe.train().batch(), rows, recipe.chats().shares());
  }

  @Override public double rows() {
    return batches.order().rows();
  }

  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  @Override public Learner<Decoder> begin(Learner.Start start) {
    return Learner.ofLanguage(start);
  }

  @Override public ChatLoop.Trained trainer(Learner<Decoder> learner, Optimizer optimizer, TrainOptions options) {
    var model = learner.model();
    var trainer = new Pretrainer(model, optimizer, batches, options, loop.ranks());
    return new ChatLoop.Trained(batches, trainer.spikes(), trainer::fit, step -> evaluate(model, step));
  }

  /// The mean loss of the held-out conversations' trained tokens, and answers to the recipe's prompts.
  private EvalEvent evaluate(Decoder model, long step) {
    double loss = ChatLoss.of(model, held, collator(), Math.max(1, recipe.train().batch() / recipe.train().accumulate()));
    var figures = StopRate.of(model, held, chats.stops(), collator(), Math.max(1, recipe.train().batch() / recipe.train().accumulate()));
    return new EvalEvent(step, loss, Double.NaN, Math.exp(loss), loop.answers(chats, model), figures);
  }

  @Override public void close() {
    shards.forEach(TokenShards::close);
  }
}
