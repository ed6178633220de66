package org.jtorch.recipes.align;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.TrainedTurns;
import org.jtorch.align.preference.DpoTrainer;
import org.jtorch.align.preference.PreferenceLoss;
import org.jtorch.align.preference.PreferencePair;
import org.jtorch.align.preference.Reference;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.observe.EvalEvent;
import org.jtorch.optim.Optimizer;
import org.jtorch.train.TrainOptions;

/// Pairs of answers, and the model as it was at the beginning beside the one that learns.
final class DpoJob implements ChatLoop.Job<Decoder> {
  private static final int MULTIPLE = 32;
  private final DpoRecipe recipe;
  private final ChatLoop loop;
  private final ChatModel chats;
  private final List<PreferencePair> held;
  private final BatchSource<List<PreferencePair>> batches;
  private @Nullable Reference reference;

  DpoJob(DpoRecipe recipe, ChatLoop loop, ChatModel chats) {
    this.recipe = recipe;
    this.loop = loop;
    this.chats = chats;
    var encoder = chats.encoder(recipe.chats(), TrainedTurns.ALL);
    var pairs = HeldOut.read(recipe, loop.known(), (set, problems) ->
        PreferencePair.of(set.only(Example.Comparison.class), encoder, recipe.maskFormat(), problems), loop.logs()::note);
    this.held = pairs.held();
    this.batches = ExampleBatches.mixed(recipe.seed(), recipe.train().batch(), pairs.train(), recipe.chats().shares(), List::copyOf);
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
    var loss = recipe.loss().loss();
    int longest = recipe.chats().maxTokens();
    var all = DpoTrainer.Options.of(loss, new Collator(longest, Math.min(MULTIPLE, longest)), options);
    reference = !(loss instanceof PreferenceLoss.Referenced) ? Reference.precomputed()
        : learner.hasAdapter() ? Reference.adapterOff() : Reference.frozenCopyOf(model);
    var trainer = new DpoTrainer(model, reference, optimizer, batches, recipe.nll() == null ? all : all.withNll(recipe.nll()), loop.ranks());
    return new ChatLoop.Trained(batches, trainer.spikes(), trainer::fit, step -> evaluate(trainer, model, step));
  }

  /// The held-out pairs' loss and figures, and answers to the recipe's prompts.
  private EvalEvent evaluate(DpoTrainer trainer, Decoder model, long step) {
    var figures = trainer.score(held);
    Double loss = figures.remove("loss");
    int longest = recipe.chats().maxTokens();
    figures.putAll(StopRate.of(model, held.stream().map(p -> p.chosen().row()).toList(), chats.stops(),
        new Collator(longest, Math.min(MULTIPLE, longest)), Math.max(1, recipe.train().batch() / recipe.train().accumulate())));
    return new EvalEvent(step, loss == null ? Double.NaN : loss, Double.NaN, Double.NaN, loop.answers(chats, model), figures);
  }

  @Override public void close() {
    if (reference != null) {
      reference.close();
    }
  }
}
