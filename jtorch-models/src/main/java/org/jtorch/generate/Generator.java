package org.jtorch.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jtorch.attention.KvCache;
import org.jtorch.decoder.CausalLm;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Continues prompts, many at a time, with a key-value cache.
///
/// ```java
/// var options = Options.greedy(64).withStopTokens(Set.of(eos));
/// long[] answer = new Generator(model).generate(List.of(tokenizer.encode(prompt, true)), options).getFirst();
/// ```
///
/// A row's tokens do not depend on the other rows, up to rounding. Each step makes one copy to Java: its tokens.
public final class Generator {
  private final CausalLm model;

  public Generator(CausalLm model) {
    this.model = model;
  }

  /// The new tokens of each prompt, without the prompt. All rows have the same length: one that ended before the
  /// longest holds its stop token and then [Options#padToken].
  public List<long[]> generate(List<long[]> prompts, Options options) {
    return generate(prompts, options, 0, TokenListener.NONE);
  }

  public List<long[]> generate(List<long[]> prompts, Options options, TokenListener listener) {
    return generate(prompts, options, 0, listener);
  }

  /// [#generate] of a part of a larger batch.
  ///
  /// @param firstRow the number of the first prompt in the whole; its row draws from random stream `firstRow`, the next
  ///     from the one after, so that splitting a batch changes nothing
  public List<long[]> generate(List<long[]> prompts, Options options, long firstRow, TokenListener listener) {
    PromptBatch.check(model, prompts, options.maxNewTokens());
    try (var _ = Grad.off(); var _ = TensorScope.open()) {
      var batch = new PromptBatch(prompts, options.maxNewTokens(), model.device());
      Tensor uniforms = RowStreams.uniforms(options.seed(), firstRow, prompts.size(), options.maxNewTokens(), model.device());
      var rows = new Rows(prompts.size(), options, listener);
      var sampler = Sampler.of(options.sampling());
      try (var cache = model.cache(prompts.size(), batch.promptLength() + options.maxNewTokens())) {
        for (int step = 0; step < options.maxNewTokens() && rows.open > 0; step++) {
          try (var _ = TensorScope.open()) {
            Tensor next = sampler.next(logits(batch, step, cache), batch.seen(step), uniforms.narrow(1, step, 1));
            batch.append(step, next);
            rows.add(next.toLongs());
          }
        }
      }
      return rows.tokens();
    }
  }

  /// Scores of the next token of each row. `[B, V]`
  private Tensor logits(PromptBatch batch, int step, KvCache cache) {
    Tensor hidden = model.hidden(batch.input(step), batch.pass(step), cache);   // [B, T, C]
    return model.logits(hidden.select(1, hidden.size(1) - 1));
  }

  /// What came out so far.
  private static final class Rows {
    private final Options options;
    private final TokenListener listener;
    private final long[][] tokens;
    private final boolean[] ended;
    private int length;
    int open;

    Rows(int rows, Options options, TokenListener listener) {
      this.options = options;
      this.listener = listener;
      this.tokens = new long[rows][options.maxNewTokens()];
      this.ended = new boolean[rows];
      this.open = rows;
    }

    void add(long[] next) {
      for (int i = 0; i < next.length; i++) {
        tokens[i][length] = ended[i] ? options.padToken() : next[i];
        if (!ended[i]) {
          listener.onToken(i, next[i], length);
          ended[i] = options.stopTokens().contains(next[i]);
          open -= ended[i] ? 1 : 0;
        }
      }
      length++;
    }

    List<long[]> tokens() {
      var all = new ArrayList<long[]>();
      for (long[] row : tokens) {
        all.add(Arrays.copyOf(row, length));
      }
      return all;
    }
  }
}
