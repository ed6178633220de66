package org.jtorch.eval;

import java.util.List;

/// What an evaluation asks of a model, in tokens. Answers come in the order of the questions and do not depend on how many are
/// asked at once, up to rounding. A model is behind it ([ModelScorer]), or in tests anything that answers.
public interface Scorer {
  /// How probable each continuation is behind its context.
  List<Likelihood> likelihoods(List<Continuation> asked, EvalProgress progress);

  /// What comes behind each prompt if the most probable token is taken always; a stop token at the end is left out.
  List<long[]> write(List<long[]> prompts, Writing how, EvalProgress progress);

  /// The longest context and continuation together: of more the beginning is cut off.
  int maxTokens();
}
