package org.jtorch.data;

import java.util.ArrayList;
import java.util.List;

/// How batches grow over a run: from so many tokens on, so many rows of so many tokens (arXiv:2407.21783, section 3.4.1). The batch changes
/// between two steps, at the first that begins with the tokens reached.
///
/// @param phases in their order; the first begins at 0 tokens
public record BatchRamp(List<Phase> phases) {
  /// @param tokens of the run after which it begins
  /// @param batch rows of a step
  /// @param seqLen tokens of a row
  public record Phase(long tokens, int batch, int seqLen) {
    public Phase {
      if (tokens < 0 || batch < 1 || seqLen < 1) {
        throw new IllegalArgumentException("a phase of the ramp has tokens " + tokens + ", batch " + batch + " and seq_len " + seqLen
            + "; all must be positive");
      }
    }

    /// Tokens of a step.
    public long stepTokens() {
      return (long) batch * seqLen;
    }
  }

  public BatchRamp {
    phases = List.copyOf(phases);
    if (phases.isEmpty() || phases.getFirst().tokens() != 0) {
      throw new IllegalArgumentException("a ramp begins with a phase at 0 tokens");
    }
    int longest = phases.stream().mapToInt(Phase::seqLen).max().orElse(1);
    for (int i = 0; i < phases.size(); i++) {
      Phase p = phases.get(i);
      if (i > 0 && p.tokens() <= phases.get(i - 1).tokens()) {
        throw new IllegalArgumentException("a ramp's phases must begin one after the other, but one at " + p.tokens() + " tokens follows one at "
            + phases.get(i - 1).tokens());
      }
      if (longest % p.seqLen() != 0) {
        throw new IllegalArgumentException("the batch cannot follow the ramp: rows of " + longest + " tokens, its longest, do not cut into rows of "
            + p.seqLen() + "; use a `seq_len` that divides " + longest);
      }
      if (p.stepTokens() % longest != 0) {
        throw new IllegalArgumentException("the batch cannot follow the ramp: " + p.batch() + " rows of " + p.seqLen()
            + " tokens are no whole number of rows of " + longest + ", its longest; use a `batch` that is a multiple of " + longest / p.seqLen());
      }
    }
  }

  /// The tokens of the longest rows.
  public int longest() {
    return phases.stream().mapToInt(Phase::seqLen).max().orElseThrow();
  }

  /// Steps that the phase at `index` takes, if another follows it.
  private long steps(int index) {
    return Math.ceilDiv(phases.get(index + 1).tokens() - start(index).tokens(), phases.get(index).stepTokens());
  }

  /// Where a phase really begins, for it waits for the end of a step.
  private Start start(int index) {
    long step = 0;
    long tokens = 0;
    for (int i = 0; i < index; i++) {
      long n = Math.ceilDiv(Math.max(0, phases.get(i + 1).tokens() - tokens), phases.get(i).stepTokens());
      step += n;
      tokens += n * phases.get(i).stepTokens();
    }
    return new Start(step, tokens);
  }

  /// @param step the first of a phase
  /// @param tokens before it
  private record Start(long step, long tokens) {}

  /// What a step is like.
  ///
  /// @param phase the one that it is in
  /// @param tokens of all steps before it
  public record At(Phase phase, long tokens) {}

  /// What step `step` is like, counted from 0.
  public At at(long step) {
    int index = 0;
    while (index + 1 < phases.size() && start(index + 1).step() <= step) {
      index++;
    }
    var start = start(index);
    return new At(phases.get(index), start.tokens() + (step - start.step()) * phases.get(index).stepTokens());
  }

  /// The fewest steps that see so many tokens.
  public long stepsFor(double tokens) {
    long steps = 0;
    double left = tokens;
    for (int i = 0; i < phases.size(); i++) {
      long here = (long) Math.ceil(left / phases.get(i).stepTokens());
      if (i + 1 == phases.size() || here <= steps(i)) {
        return steps + Math.max(0, here);
      }
      steps += steps(i);
      left -= (double) steps(i) * phases.get(i).stepTokens();
    }
    throw new IllegalStateException("a ramp has a last phase");
  }

  /// The phases with the steps at which they begin, in words.
  public List<String> describe() {
    var lines = new ArrayList<String>();
    for (int i = 0; i < phases.size(); i++) {
      lines.add("from step %,d: %,d rows of %,d, %,d tokens a step".formatted(start(i).step(), phases.get(i).batch(), phases.get(i).seqLen(),
          phases.get(i).stepTokens()));
    }
    return lines;
  }
}
