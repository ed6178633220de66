package org.jtorch.recipes.align;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SequencedMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.policy.Anchor;
import org.jtorch.align.policy.Critic;
import org.jtorch.align.policy.Experience;
import org.jtorch.align.policy.KlCoefficient;
import org.jtorch.align.policy.PolicyTrainer;
import org.jtorch.align.policy.PpoTrainer;
import org.jtorch.align.policy.RolloutFigures;
import org.jtorch.align.policy.ValueHead;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.data.Collator;
import org.jtorch.decoder.Decoder;
import org.jtorch.head.Classifiers;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.nn.Module;
import org.jtorch.observe.EvalEvent;
import org.jtorch.optim.Optimizer;
import org.jtorch.train.Saved;
import org.jtorch.train.TrainOptions;

/// Prompts, rewards, a policy, what it is measured from, and a critic where there is one.
final class RlJob implements ChatLoop.Job<Decoder> {
  private static final int MULTIPLE = 32;
  private static final int SHOWN = 4;
  private final RlRecipe recipe;
  private final ChatLoop loop;
  private final ChatModel chats;
  private final HeldPrompts prompts;
  private final List<Runnable> open = new ArrayList<>();

  RlJob(RlRecipe recipe, ChatLoop loop, ChatModel chats) {
    this(recipe, loop, chats, HeldPrompts.read(recipe, loop, chats));
  }

  RlJob(RlRecipe recipe, ChatLoop loop, ChatModel chats, HeldPrompts prompts) {
    this.recipe = recipe;
    recipe.check();
    this.loop = loop;
    this.chats = chats;
    this.prompts = prompts;
  }

  @Override public double rows() {
    return prompts.batches().order().rows();
  }

  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  @Override public Learner<Decoder> begin(Learner.Start start) {
    return recipe.algorithm() instanceof AlgorithmConfig.Judging judging ? Learner.ofPolicy(start, policy -> critic(judging.critic(), policy, start))
        : Learner.ofLanguage(start);
  }

  @SuppressWarnings("MustBeClosedChecker")                       // the learner closes it
  private Module critic(CriticConfig config, Decoder policy, Learner.Start start) {
    return switch (config) {
      case CriticConfig.Shared _ -> ValueHead.create(policy.config().dim(), start.device(), start.dtype());
      case CriticConfig.Own own -> {
        var model = Classifiers.load(loop.known().find(own.from()).folder(), start.device(), start.dtype());
        if (!(model instanceof DecoderClassifier critic)) {
          model.close();
          throw new IllegalArgumentException("`algorithm.critic.from` is an encoder; a critic reads as the policy does, so it is a decoder");
        }
        critic.requiresGrad(true);
        yield critic;
      }
    };
  }

  @SuppressWarnings("MustBeClosedChecker")                       // closed with the job
  @Override public ChatLoop.Trained trainer(Learner<Decoder> learner, Optimizer optimizer, TrainOptions options) {
    var model = learner.model();
    var reference = reference(learner);
    var rewards = Rewards.open(recipe.rewards(), new Rewards.Site(loop.known(), model.device()));
    open.add(rewards::close);
    var beta = recipe.kl().inReward();
    var more = new LinkedHashMap<String, Saved>(Map.of("kl", beta));
    if (reference instanceof Reference.Following following) {
      more.put("reference", following.saved(model.weights()));
    }
    return switch (recipe.algorithm()) {
      case AlgorithmConfig.Comparing comparing -> {
        var trainer = new PolicyTrainer(model, reference, optimizer, prompts.batches(), rewards.sum(), options(comparing, learner, beta, options), loop.ranks());
        yield new ChatLoop.Trained(prompts.batches(), trainer.spikes(), trainer::fit,
            step -> evaluate(step, trainer.answers(prompts.held()), trainer::figures, model), more);
      }
      case AlgorithmConfig.Judging judging -> {
        var critic = critic(learner);
        var trainer = new PpoTrainer(model, critic, reference, optimizer, prompts.batches(), rewards.sum(), options(judging, beta, options), loop.ranks());
        yield new ChatLoop.Trained(prompts.batches(), trainer.spikes(), trainer::fit,
            step -> evaluate(step, trainer.answers(prompts.held()), trainer::figures, model), more);
      }
    };
  }

  private static Critic critic(Learner<Decoder> learner) {
    return switch (learner.beside()) {
      case ValueHead head -> new Critic.Shared(head);
      case DecoderClassifier own -> new Critic.Own(own);
      case null, default -> throw new IllegalStateException("a policy that learns with a critic has none");
    };
  }

  /// What the policy is measured from; null for nothing.
  private @Nullable Reference reference(Learner<Decoder> learner) {
    if (!recipe.kl().measures()) {
      return null;
    }
    var reference = learner.hasAdapter() ? Reference.adapterOff() : recipe.reference().of(learner.model());
    open.add(reference::close);
    return reference;
  }

  private Rollouts rollouts() {
    return new Rollouts(recipe.answers(), recipe.sampling(Set.copyOf(chats.stops())), tokens -> chats.tokenizer().decode(tokens, true));
  }

  private Collator collator() {
    return new Collator(recipe.longest(), Math.min(MULTIPLE, recipe.longest()));
  }

  private PolicyTrainer.Options options(AlgorithmConfig.Comparing algorithm, Learner<Decoder> learner, KlCoefficient beta, TrainOptions train) {
    var loss = algorithm.loss(recipe.updates().updates().once(), recipe.newTokens(), recipe.kl().inLoss());
    return new PolicyTrainer.Options(rollouts(), algorithm.advantage(), loss, beta, recipe.kl().estimator(), recipe.updates().updates(),
        anchors(algorithm, learner), recipe.bounds().bounds(), collator(), train);
  }

  @SuppressWarnings("MustBeClosedChecker")                       // closed with the job
  private List<Anchor> anchors(AlgorithmConfig.Comparing algorithm, Learner<Decoder> learner) {
    var near = new ArrayList<Anchor>();
    if (algorithm.trust() > 0) {
      near.add(Anchor.previous(learner.model(), algorithm.trust()));
    }
    if (recipe.kl().inFull() > 0) {
      near.add(Anchor.first(learner.model(), recipe.kl().inFull()));
    }
    near.forEach(anchor -> open.add(anchor::close));
    return near;
  }

  private PpoTrainer.Options options(AlgorithmConfig.Judging algorithm, KlCoefficient beta, TrainOptions train) {
    var loss = algorithm.loss(recipe.updates().updates().once(), recipe.newTokens(), 0);
    return new PpoTrainer.Options(rollouts(), algorithm.gae(), loss, algorithm.valueLoss(), algorithm.valueWeight(), algorithm.whiten(), beta,
        recipe.kl().estimator(), recipe.updates().updates(), null, recipe.bounds().bounds(), collator(), train);
  }

  /// How answers to the held-out prompts are judged, some of them with their rewards, and answers to the recipe's prompts. The loss is the
  /// reward below zero: less is better.
  private EvalEvent evaluate(long step, List<Experience> answers, Function<List<Experience>, SequencedMap<String, Double>> of, Decoder model) {
    var figures = of.apply(answers);
    var texts = new ArrayList<String>();
    for (int i = 0; i < prompts.held().size() && i < SHOWN; i++) {
      var shown = answers.get(i * recipe.answers());
      texts.add('"' + shown.answer().prompt().chat().messages().getLast().text() + "\" " + shown.answer().text().strip() + "  (reward "
          + String.format(Locale.ROOT, "%.3g", shown.reward()) + ")");
    }
    texts.addAll(loop.answers(chats, model));
    return new EvalEvent(step, -figures.getOrDefault(RolloutFigures.REWARD, Double.NaN), Double.NaN, Double.NaN, texts, figures);
  }

  @Override public void close() {
    open.reversed().forEach(Runnable::run);
  }
}
