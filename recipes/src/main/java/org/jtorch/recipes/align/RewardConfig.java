package org.jtorch.recipes.align;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.check.CodeLimits;
import org.jtorch.align.check.CodeTests;
import org.jtorch.align.check.ExactMatch;
import org.jtorch.align.check.Format;
import org.jtorch.align.check.JavaReward;
import org.jtorch.align.check.Language;
import org.jtorch.align.check.LengthPenalty;
import org.jtorch.align.check.MathAnswer;
import org.jtorch.align.check.MissingStop;
import org.jtorch.align.check.SoftOverlong;
import org.jtorch.align.rollout.Reward;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;

/// What an answer is worth: a reward model, or a checker. Each has a weight in the sum and a name for its curve, which is its type's unless
/// given.
public sealed interface RewardConfig {
  /// Letters of the made-up answers that others are compared with, where a stage does not say otherwise.
  int FEWEST = 6;
  int MOST = 10;

  @Nullable String name();

  double weight();

  /// The reward, whose model, if it has one, stays open as long as it is.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  OpenReward open(Rewards.Site site);

  /// A reward model.
  @Named("model")
  record Model(@Doc("a stage of type reward, or a folder for sequence classification with one label") Reference from,
      @Default("1") double weight, @Nullable String name, @Doc("answers that are scored together") @Default("16") int batch,
      @Doc("tokens of a prompt with its answer, at most; longer ones lose their oldest turns") @Default("2048") int maxTokens,
      @Doc("how turns are written; unless given as the model's folder says") @Nullable String template) implements RewardConfig {
    public Model {
      if (batch < 1 || maxTokens < 8) {
        throw new IllegalArgumentException("`batch` (" + batch + ") must be >= 1 and `max_tokens` (" + maxTokens + ") >= 8; e.g. batch: 16,"
            + " max_tokens: 2048");
      }
    }

    @MustBeClosed
    @SuppressWarnings("MustBeClosedChecker")   // ownership passes to the caller
    @Override public OpenReward open(Rewards.Site site) {
      return OpenReward.model(this, site.known().rewardModel(from).folder(), site.device());
    }
  }

  /// The solution word for word.
  @Named("exact")
  record Exact(@Default("1") double weight, @Nullable String name,
      @Doc("differences that do not count: case, space, punctuation, articles") @Default("[]") List<ExactMatch.Ignored> ignore) implements RewardConfig {
    public Exact {
      ignore = List.copyOf(ignore);
    }

    @MustBeClosed
    @Override public OpenReward open(Rewards.Site site) {
      return OpenReward.of(new ExactMatch(Set.copyOf(ignore)));
    }
  }

  /// The solution's number: behind ####, in a box, or the last of the text.
  @Named("math")
  record Math(@Default("1") double weight, @Nullable String name,
      @Doc("only what stands behind #### or in a box counts") @Default("false") boolean marked) implements RewardConfig {
    @MustBeClosed
    @Override public OpenReward open(Rewards.Site site) {
      return OpenReward.of(new MathAnswer(marked));
    }
  }

  /// The whole answer has the form of a regular expression.
  @Named("format")
  record Form(@Doc("a regular expression, whose dot is any character") String pattern, @Default("1") double weight, @Nullable String name)
      implements RewardConfig {
    public Form {
      try {
        var _ = Pattern.compile(pattern);
      } catch (PatternSyntaxException e) {
        throw new IllegalArgumentException("`pattern` is no regular expression: " + e.getDescription() + " near position " + e.getIndex()
            + "; e.g. <think>.*</think>.*", e);
      }
    }

    @MustBeClosed
    @Override public OpenReward open(Rewards.Site site) {
      return OpenReward.of(Format.of(pattern));
    }
  }

  /// So much less for each token beyond some.
  @Named("length")
  record Length(@Doc("tokens that cost nothing") int free, @Doc("what each further one costs") double perToken,
      @Default("1") double weight, @Nullable String name) implements RewardConfig {
    public Length {
      var _ = new LengthPenalty(free, perToken);
    }

    @MustBeClosed
    @Override public OpenReward open(Rewards.Site site) {
      return OpenReward.of(new LengthPenalty(free, perToken));
    }
  }

  /// DAPO's soft punishment of answers that near their limit, arXiv:2503.14476, equation 13.
  @Named("overlong")
  record Overlong(@Doc("tokens at which it is -1") int most, @Doc("tokens before that over which it falls from 0") int cache,
      @Default("1") double weight, @Nullable String name) implements RewardConfig {
    public Overlong {
      var _ = new SoftOverlong(most, cache);
    }

    @MustBeClosed
    @Override public OpenReward open(Rewards.Site site) {
      return OpenReward.of(new SoftOverlong(most, cache));
    }
  }

  /// Less for an answer that does not end by itself.
  @Named("stop")
  record Stop(@Doc("what is subtracted") @Default("1") double penalty, @Default("1") double weight, @Nullable String name) implements RewardConfig {
    public Stop {
      var _ = new MissingStop(penalty);
    }

    @MustBeClosed
    @Override public OpenReward open(Rewards.Site site) {
      return OpenReward.of(new MissingStop(penalty));
    }
  }

  /// The answer's program passes the tests that are its prompt's solution. This runs what a model wrote, with limits but with this user's rights.
  @Named("code")
  record Code(@Doc("what runs the program, whose file follows") @Default("[python3, -I, -B]") List<String> command,
      @Doc("the program's file") @Default("answer.py") String file,
      @Doc("a last line for the program that makes the file {proof}, so that leaving early is not passing; unless given Python's, or none") @Nullable String proof,
      @Doc("time of a program") @Default("5") double seconds, @Doc("memory of each of its processes") @Default("512") int megabytes,
      @Doc("programs at the same time") @Default("2") int parallel,
      @Default("1") double weight, @Nullable String name) implements RewardConfig {
    public Code {
      command = List.copyOf(command);
      var _ = new CodeLimits(seconds, megabytes);
      var _ = new Language(command, file, proof);
      if (parallel < 1) {
        throw new IllegalArgumentException("`parallel` must be >= 1 but was " + parallel + "; e.g. 2");
      }
    }

    Language language() {
      boolean python = proof == null && file.endsWith(".py");
      return new Language(command, file, python ? Language.PYTHON3.proof() : proof);
    }

    @MustBeClosed
    @Override public OpenReward open(Rewards.Site site) {
      return OpenReward.of(new CodeTests(language(), new CodeLimits(seconds, megabytes), parallel));
    }
  }

  /// The truth about answers to made-up prompts (a stage of type gold): for experiments.
  @Named("gold")
  record Gold(@Doc("of which world the prompts are; as in the stage") @Default("1") long world,
      @Default("1") double weight, @Nullable String name) implements RewardConfig {
    @MustBeClosed
    @Override public OpenReward open(Rewards.Site site) {
      var truth = new GoldWorld(FEWEST, MOST, world);
      return OpenReward.of(answers -> answers.stream().mapToDouble(a -> truth.worth(a.prompt().chat().messages().getLast().text(), a.text()))
          .toArray());
    }
  }

  /// A class of the user's, on the class path.
  @Named("java")
  record Java(@Doc("its full name; it implements org.jtorch.align.rollout.Reward and has a public constructor without parameters") String implementation,
      @Default("1") double weight, @Nullable String name) implements RewardConfig {
    @MustBeClosed
    @Override public OpenReward open(Rewards.Site site) {
      Reward reward = JavaReward.load(implementation);
      return OpenReward.of(reward);
    }
  }
}
