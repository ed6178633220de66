package org.jtorch.generate;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.decoder.CausalLm;
import org.jtorch.nn.Frozen;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.HostMemory;
import org.jtorch.tensor.TensorScope;

/// Continues prompts, many at a time, with a key-value cache.
///
/// ```java
/// var options = Options.greedy(64).withStopTokens(Set.of(eos));
/// long[] answer = new Generator(model).generate(List.of(tokenizer.encode(prompt, true)), options).getFirst();
/// ```
///
/// A row's tokens do not depend on the other rows, up to rounding. Each step makes one copy to Java: its tokens. Rows that ended
/// leave the batch, and prompts that are equal run once.
///
/// On the CPU a generation of [#PACK_FROM] new tokens or more packs the model's matrices once, and frees them at its end: a copy
/// as large as the weights, which makes the products of a step up to three times as fast in bf16 and five times in float32. It is
/// left out where the weights take more than half of the memory that is free. The weights must not change meanwhile.
public final class Generator {
  /// Fewer new tokens do not pay for packing.
  static final int PACK_FROM = 16;

  private final CausalLm model;
  private final int atOnce;

  public Generator(CausalLm model) {
    this(model, Integer.MAX_VALUE);
  }

  /// @param atOnce most rows in the batch; the others wait, and take the places of those that ended
  public Generator(CausalLm model, int atOnce) {
    if (atOnce < 1) {
      throw new IllegalArgumentException("at least one row at once must be allowed but it was " + atOnce);
    }
    this.model = model;
    this.atOnce = atOnce;
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
    var rows = run(prompts, 1, options, firstRow, listener, false);
    int longest = rows.stream().mapToInt(Row::made).max().orElse(0);
    return rows.stream().map(r -> r.padded(longest, options.padToken())).toList();
  }

  /// Several answers to each prompt, with the log-probabilities of their tokens: what policy gradients learn from. The answers to
  /// the first prompt come first. They are those that [#generate] makes of a list in which each prompt stands so many times.
  ///
  /// @param answers to each prompt, which runs once for all of them
  public List<Generation> sample(List<long[]> prompts, int answers, Options options) {
    return sample(prompts, answers, options, 0, TokenListener.NONE);
  }

  /// [#sample] of a part of a larger batch.
  ///
  /// @param firstRow the number of the first answer in the whole, as in [#generate]
  public List<Generation> sample(List<long[]> prompts, int answers, Options options, long firstRow, TokenListener listener) {
    if (answers < 1) {
      throw new IllegalArgumentException("`answers` must be >= 1 but was " + answers + "; 4 to 16 are usual for policy gradients");
    }
    return run(prompts, answers, options, firstRow, listener, true).stream().map(Row::generation).toList();
  }

  private List<Row> run(List<long[]> prompts, int answers, Options options, long firstRow, TokenListener listener, boolean scored) {
    Prompts.check(model, prompts, options.maxNewTokens());
    var rows = new ArrayList<Row>();
    for (int i = 0; i < prompts.size() * answers; i++) {
      rows.add(new Row(i, prompts.get(i / answers), options.maxNewTokens(), RowStreams.of(options.seed(), firstRow + i), scored));
    }
    try (var _ = Grad.off(); var _ = TensorScope.open(); var frozen = new Frozen(packFor(Math.min(atOnce, rows.size()), options));
         var decoding = new Decoding(model, options, scored, listener, rows, atOnce, frozen)) {
      decoding.run();
    }
    return rows;
  }

  /// Rows to pack weights for, or 0 where it does not pay or fit.
  private int packFor(int rows, Options options) {
    if (model.device().isCuda() || options.maxNewTokens() < PACK_FROM) {
      return 0;
    }
    long bytes = model.parameters().stream().filter(p -> !p.isGivenUp()).mapToLong(p -> p.numel() * model.dtype().bytes()).sum();
    return bytes > HostMemory.available() / 2 ? 0 : rows;
  }
}
