package org.jtorch.recipes.align;

import java.util.List;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.run.Metrics;

/// What recipes have in common in which several models answer prompts and are judged.
sealed interface MembersRecipe extends Stage permits CommitteeRecipe, CollectRecipe, ChooseRecipe {
  /// The key of the models, for messages.
  String key();

  /// The models.
  List<Reference> models();

  long seed();

  String device();

  String dtype();

  PromptsConfig prompts();

  List<RewardConfig> rewards();

  DrawConfig draw();

  KeepConfig keep();

  Metrics metrics();

  /// Answers to a prompt, of all models together.
  double answersToAPrompt(int members);

  /// Fails for what needs the answers of all members at once, each of which is judged by itself.
  static void requireAlone(KeepConfig keep) {
    if (keep.agreement() > 0 || keep.perTopic() > 0 || keep.pairs()) {
      throw new IllegalArgumentException("`keep` has agreement, per_topic or pairs, but members are judged one by one; these are for"
          + " `type: rejection-sampling`, and pairs of two members for `type: collect`");
    }
  }

  /// Fails where there is no model.
  static void requireModels(String key, List<Reference> models) {
    if (models.isEmpty()) {
      throw new IllegalArgumentException("`" + key + "` must name 1 or more but was " + models + "; e.g. [sft, dpo]");
    }
  }
}
