package org.jtorch.eval.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleBiFunction;
import org.jtorch.eval.Continuation;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.Likelihood;
import org.jtorch.eval.PromptEncoder;
import org.jtorch.eval.Scorer;
import org.jtorch.eval.Writing;
import org.jtorch.text.Tokenizer;

/// Answers as a test says: log-probabilities by context and text, written texts in the order of the prompts.
final class Scripted implements Scorer {
  private final Tokenizer tokenizer;
  private final ToDoubleBiFunction<String, String> logProb;
  private final List<String> written;
  final List<Continuation> asked = new ArrayList<>();
  private int maxTokens = 512;

  Scripted(Tokenizer tokenizer, ToDoubleBiFunction<String, String> logProb, String... written) {
    this.tokenizer = tokenizer;
    this.logProb = logProb;
    this.written = List.of(written);
  }

  Scripted withMaxTokens(int n) {
    maxTokens = n;
    return this;
  }

  TextModel model() {
    return new TextModel(this, new PromptEncoder(tokenizer, true, -1), Set.of());
  }

  /// A text is greedy if its log-probability is above -1.
  @Override public List<Likelihood> likelihoods(List<Continuation> asked, EvalProgress progress) {
    this.asked.addAll(asked);
    progress.at(asked.size(), asked.size(), 7);
    return asked.stream().map(c -> {
      double p = logProb.applyAsDouble(tokenizer.decode(c.context(), true), tokenizer.decodeAfter(c.context(), c.tokens(), true));
      return new Likelihood(p, p > -1, c.tokens().length);
    }).toList();
  }

  @Override public List<long[]> write(List<long[]> prompts, Writing how, EvalProgress progress) {
    var made = new ArrayList<long[]>();
    for (int i = 0; i < prompts.size(); i++) {
      var ids = new ArrayList<Long>();
      for (long id : tokenizer.encode(written.get(i), false)) {
        ids.add(id);
        if (how.ending().endsWith(i, id)) {
          break;
        }
      }
      made.add(ids.stream().mapToLong(Long::longValue).toArray());
    }
    return made;
  }

  @Override public int maxTokens() {
    return maxTokens;
  }
}
