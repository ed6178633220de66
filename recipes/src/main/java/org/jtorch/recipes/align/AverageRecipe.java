package org.jtorch.recipes.align;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.merge.Linear;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;

/// The average of several models of one shape: a soup (arXiv:2203.05482), Llama 3's average of each stage (arXiv:2407.21783, section 4.1.5), or of
/// reward models WARM (arXiv:2401.12187).
@Named("average")
public record AverageRecipe(
    @Doc("names the stage, and its model for later ones") String name,
    @Doc("two or more language models, or reward models: earlier stages, or folders") List<Reference> models,
    @Doc("what each counts; unless given all count alike") @Default("[]") List<Double> weights,
    @Doc("best, cpu, cuda or cuda:N") @Default("best") String device,
    @Doc("prepared text with the models' tokenizer: did averaging help?") @Nullable Reference text,
    @Doc("tokens of a row of that text") @Default("256") int seqLen,
    @Doc("what else to compare by, under names of one's own: of language models conversations, of reward models rankings")
    @Default("{}") Map<String, ChatsConfig.Source> tests,
    @Doc("tokens of a row of the tests, at most") @Default("1024") int maxTokens,
    @Doc("rows at once while comparing") @Default("16") int batch) implements Stage {
  public AverageRecipe {
    models = List.copyOf(models);
    weights = List.copyOf(weights);
    if (models.size() < 2) {
      throw new IllegalArgumentException("`models` must name two models or more but was " + models + "; e.g. [run-a, run-b]");
    }
    if (new HashSet<>(models).size() < models.size()) {
      throw new IllegalArgumentException("`models` names a model twice: " + models + "; `weights` say what each counts");
    }
    if (seqLen < 2 || maxTokens < 8 || batch < 1) {
      throw new IllegalArgumentException("`seq_len` (" + seqLen + ") must be >= 2, `max_tokens` (" + maxTokens + ") >= 8 and `batch` (" + batch
          + ") >= 1; e.g. 256, 1024 and 16");
    }
    method(models, weights).requireModels(models.size());
  }

  /// How they are averaged.
  Linear method() {
    return method(models, weights);
  }

  private static Linear method(List<Reference> models, List<Double> weights) {
    return weights.isEmpty() ? Linear.uniform(models.size()) : new Linear(weights);
  }
}
