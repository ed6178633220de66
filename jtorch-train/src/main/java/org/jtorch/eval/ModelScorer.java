package org.jtorch.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.decoder.CausalLm;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Sampling;
import org.jtorch.generate.TokenListener;

/// A model that answers evaluations.
///
/// ```java
/// var scorer = new ModelScorer(model);
/// var likelihood = scorer.likelihoods(List.of(new Continuation(context, answer)), EvalProgress.NONE).getFirst();
/// ```
///
/// Rows of about the same length run together. Inputs that are equal run once; what several have in common at their beginning (the
/// question of four answers, the examples of all questions) runs once where that saves a quarter of the tokens, through the
/// key-value cache. Scores are made at the asked positions only, a chunk at a time.
public final class ModelScorer implements Scorer {
  private final CausalLm model;
  private final Options options;

  /// @param rows at most in a batch
  /// @param tokens at most in a batch, padding included; a longer row runs alone
  /// @param share whether inputs share the run of what they begin with; false is the plain twin
  public record Options(int rows, int tokens, boolean share) {
    public Options {
      if (rows < 1) {
        throw new IllegalArgumentException("`rows` must be >= 1 but was " + rows + "; 32 is usual");
      }
      if (tokens < 1) {
        throw new IllegalArgumentException("`tokens` must be >= 1 but was " + tokens + "; 2048 is usual on a CPU");
      }
    }

    /// What keeps the device busy with little memory.
    public static Options usual(CausalLm model) {
      return model.device().isCuda() ? new Options(256, 16_384, true) : new Options(64, 2_048, true);
    }

    public Options withRows(int n) {
      return new Options(n, tokens, share);
    }

    public Options withTokens(int n) {
      return new Options(rows, n, share);
    }

    public Options withShare(boolean on) {
      return new Options(rows, tokens, on);
    }
  }

  public ModelScorer(CausalLm model) {
    this(model, Options.usual(model));
  }

  public ModelScorer(CausalLm model, Options options) {
    this.model = model;
    this.options = options;
  }

  @Override public int maxTokens() {
    return model.maxPositions();
  }

  @Override public List<Likelihood> likelihoods(List<Continuation> asked, EvalProgress progress) {
    asked.forEach(this::check);
    return new ScoringRun(model, options).run(asked, maxTokens(), progress);
  }

  private void check(Continuation c) {
    for (long[] ids : List.of(c.context(), c.tokens())) {
      for (long id : ids) {
        if (id < 0 || id >= model.vocabSize()) {
          throw new IllegalArgumentException("a text to score holds the token id " + id + " but the model knows 0 to "
              + (model.vocabSize() - 1) + "; encode it with the model's own tokenizer");
        }
      }
    }
  }

  /// Prompts too long for the model lose their beginning.
  @Override public List<long[]> write(List<long[]> prompts, Writing how, EvalProgress progress) {
    if (prompts.isEmpty()) {
      return List.of();
    }
    int most = maxTokens() - how.maxTokens();
    if (most < 1) {
      throw new IllegalArgumentException("`max_tokens` " + how.maxTokens() + " leaves no room for a prompt: the model allows "
          + maxTokens() + " tokens in all; use for example " + Math.max(1, maxTokens() / 2));
    }
    var order = IntStream.range(0, prompts.size()).boxed()
        .sorted(Comparator.comparingInt((Integer i) -> prompts.get(i).length).reversed()).toList();
    var texts = order.stream().map(i -> end(prompts.get(i), most)).toList();
    var written = new Written(order, how, progress, texts.stream().mapToLong(t -> t.length).sum());
    int longest = texts.getFirst().length;
    int rows = Math.clamp(options.tokens() / Math.max(1, longest), 1, options.rows());
    var greedy = new org.jtorch.generate.Options(how.maxTokens(), Sampling.GREEDY, how.stopTokens(), 0, 0);
    var _ = new Generator(model, Math.max(rows, Math.min(8, options.rows()))).generate(texts, greedy, written);
    return written.texts();
  }

  private static long[] end(long[] prompt, int most) {
    return prompt.length <= most ? prompt : Arrays.copyOfRange(prompt, prompt.length - most, prompt.length);
  }

  /// Keeps what is written, and says when it ends.
  private static final class Written implements TokenListener {
    private final List<Integer> order;
    private final Writing how;
    private final EvalProgress progress;
    private final List<List<Long>> made = new ArrayList<>();
    private long tokens;
    private long ended;
    private boolean last;

    Written(List<Integer> order, Writing how, EvalProgress progress, long tokens) {
      this.order = order;
      this.how = how;
      this.progress = progress;
      this.tokens = tokens;
      order.forEach(_ -> made.add(new ArrayList<>()));
    }

    @Override public void onToken(int row, long token, int index) {
      tokens++;
      int prompt = order.get(row);
      last = how.stopTokens().contains(token);
      if (!last) {
        made.get(prompt).add(token);
        last = how.ending().endsWith(prompt, token);
      }
      if (last || index + 1 == how.maxTokens()) {
        progress.at(++ended, order.size(), tokens);
      }
    }

    @Override public boolean ends(int row) {
      return last;
    }

    List<long[]> texts() {
      return made.stream().map(ids -> ids.stream().mapToLong(Long::longValue).toArray()).toList();
    }
  }
}
