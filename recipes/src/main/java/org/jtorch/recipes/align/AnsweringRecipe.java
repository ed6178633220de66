package org.jtorch.recipes.align;

import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jtorch.align.chats.TooLong;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.recipes.Artifacts;

/// What recipes have in common whose model learns from its own answers.
interface AnsweringRecipe extends ChatRecipe {
  PromptsConfig prompts();

  double heldOut();

  List<RewardConfig> rewards();

  int answers();

  int newTokens();

  double temperature();

  /// How the model answers.
  ///
  /// @param stops the tokens that end an answer
  default Options sampling(Set<Long> stops) {
    return new Options(newTokens(), Sampling.temperature(temperature()), stops, seed(), 0);
  }

  /// Tokens of a prompt with its answer, at most.
  default int longest() {
    return prompts().maxTokens() + newTokens();
  }

  /// The prompts with room for their answers, as the loop of runs on chats sees them.
  @Override default ChatsConfig chats() {
    return new ChatsConfig(prompts().chats(), heldOut(), longest(), TooLong.LEAVE_OUT, prompts().template());
  }

  @Override default long examples(Artifacts known, Consumer<String> note) {
    return prompts().count(known, note);
  }

  /// Fails for answers that the recipe can make nothing of.
  void check();

  /// Fails for answers that cannot be.
  ///
  /// @param least answers to a prompt
  /// @param why so many
  default void requireAnswers(int least, String why) {
    if (answers() < least) {
      throw new IllegalArgumentException("`answers` must be >= " + least + " but was " + answers() + ": " + why + "; 8 are usual");
    }
    if (newTokens() < 1) {
      throw new IllegalArgumentException("`new_tokens` must be >= 1 but was " + newTokens() + "; 256 are usual");
    }
    if (!(temperature() > 0)) {
      throw new IllegalArgumentException("`temperature` must be > 0 but was " + temperature() + ", or all answers to a prompt are the same; 1 is usual");
    }
    if (!(heldOut() >= 0 && heldOut() < 1)) {
      throw new IllegalArgumentException("`held_out` must be from 0 to below 1 but was " + heldOut() + "; 0.05 is usual");
    }
  }
}
