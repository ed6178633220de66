package org.jtorch.recipes.align;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.preference.BestAgainstWorst;
import org.jtorch.align.preference.DpoTrainer;
import org.jtorch.align.preference.OnlineDpoTrainer;
import org.jtorch.align.preference.PreferenceLoss;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.io.DataException;
import org.jtorch.observe.EvalEvent;
import org.jtorch.optim.Optimizer;
import org.jtorch.train.Saved;
import org.jtorch.train.TrainOptions;

/// Prompts, rewards, and what the model is measured from.
final class OnlineDpoJob implements ChatLoop.Job<Decoder> {
  private static final int MULTIPLE = 32;
  private final OnlineDpoRecipe recipe;
  private final ChatLoop loop;
  private final ChatModel chats;
  private final HeldPrompts prompts;
  private @Nullable Reference reference;
  private @Nullable Rewards rewards;

  OnlineDpoJob(OnlineDpoRecipe recipe, ChatLoop loop, ChatModel chats) {
    this.recipe = recipe;
    recipe.check();
    this.loop = loop;
    this.chats = chats;
    this.prompts = HeldPrompts.read(recipe, loop, chats);
  }

  @Override public double rows() {
    return prompts.batches().order().rows();
  }

  @MustBeClosed
  @Override public Learner<Decoder> begin(Learner.Start start) {
    return Learner.ofLanguage(start);
  }

  @SuppressWarnings("MustBeClosedChecker")                       // closed with the job
  @Override public ChatLoop.Trained trainer(Learner<Decoder> learner, Optimizer optimizer, TrainOptions options) {
    Decoder model = learner.model();
    var loss = recipe.loss().loss();
    var measured = loss instanceof PreferenceLoss.Referenced ? recipe.reference().of(model) : Reference.precomputed();
    reference = measured;
    var judges = Rewards.open(recipe.rewards(), new Rewards.Site(loop.known(), model.device()));
    rewards = judges;
    var trainer = new OnlineDpoTrainer(model, measured, optimizer, prompts.batches(), judges.sum(), options(loss, options), loop.ranks());
    Map<String, Saved> more = measured instanceof Reference.Following following ? Map.of("reference", following.saved(model.weights())) : Map.of();
    return new ChatLoop.Trained(prompts.batches(), trainer.spikes(), trainer::fit, step -> evaluate(trainer, model, step), more);
  }

  private OnlineDpoTrainer.Options options(PreferenceLoss loss, TrainOptions train) {
    var all = DpoTrainer.Options.of(loss, new Collator(recipe.longest(), Math.min(MULTIPLE, recipe.longest())), train);
    var rollouts = new Rollouts(recipe.answers(), recipe.sampling(Set.copyOf(chats.stops())), tokens -> chats.tokenizer().decode(tokens, true));
    return new OnlineDpoTrainer.Options(recipe.nll() == null ? all : all.withNll(recipe.nll()), rollouts,
        new BestAgainstWorst(recipe.lead(), recipe.cutPenalty()));
  }

  /// The rewards of answers to the held-out prompts, and answers to the recipe's. The loss is the reward below zero: less is better.
  private EvalEvent evaluate(OnlineDpoTrainer trainer, Decoder model, long step) {
    var figures = trainer.score(prompts.held());
    double reward = figures.getOrDefault("reward", Double.NaN);
    return new EvalEvent(step, -reward, Double.NaN, Double.NaN, loop.answers(chats, model), figures);
  }

  @Override public void close() {
    if (rewards != null) {
      rewards.close();
    }
    if (reference != null) {
      reference.close();
    }
  }
}
