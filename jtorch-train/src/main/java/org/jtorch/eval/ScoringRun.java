package org.jtorch.eval;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.KvCache;
import org.jtorch.decoder.CausalLm;
import org.jtorch.eval.ScoringPlan.Batching;
import org.jtorch.eval.ScoringPlan.Group;
import org.jtorch.eval.ScoringPlan.Row;
import org.jtorch.io.DataException;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Scores continuations as a [ScoringPlan] orders them. G groups, R rows, T tokens of a forward, C channels.
///
/// All rows of a batch begin together behind the same prefix, and what is shorter is filled up at its end: causal attention hides
/// that without a mask. A second forward, of what several inputs have each behind their common context, takes rows of different
/// lengths; there the cache's rows end together, and a mask hides what lies before the shorter ones.
final class ScoringRun {
  private final CausalLm model;
  private final ModelScorer.Options options;
  private double[] logProbs = new double[0];
  private boolean[] greedy = new boolean[0];
  private long tokens;

  ScoringRun(CausalLm model, ModelScorer.Options options) {
    this.model = model;
    this.options = options;
  }

  List<Likelihood> run(List<Continuation> asked, int most, EvalProgress progress) {
    logProbs = new double[asked.size()];
    greedy = new boolean[asked.size()];
    Arrays.fill(greedy, true);
    int longest = asked.stream().mapToInt(c -> c.context().length + c.tokens().length - 1).max().orElse(1);
    try (var _ = Grad.off(); var _ = TensorScope.open()) {
      var plan = ScoringPlan.of(asked, most, new Batching(options.rows(), options.tokens()), canShare(Math.min(longest, most)));
      try (var prefix = plan.prefix().length == 0 ? null : prefix(plan.prefix())) {
        long done = 0;
        for (var batch : plan.batches()) {
          run(batch, prefix, plan.prefix().length);
          done += batch.stream().flatMap(g -> g.rows.stream()).mapToLong(r -> r.asks.size()).sum();
          progress.at(done, asked.size(), tokens);
        }
      }
    }
    var found = new ArrayList<Likelihood>();
    for (int i = 0; i < asked.size(); i++) {
      found.add(new Likelihood(logProbs[i], greedy[i], asked.get(i).tokens().length));
    }
    return found;
  }

  /// Rows of a cache that has let go of tokens cannot end where they want to.
  private boolean canShare(int longest) {
    if (!options.share()) {
      return false;
    }
    try (var cache = model.cache(1, longest)) {
      return cache.canArrange() && cache.keepsAll();
    }
  }

  @MustBeClosed
  private KvCache prefix(long[] ids) {
    KvCache cache = model.cache(1, ids.length);
    try (var _ = TensorScope.open()) {
      var _ = model.hidden(Ops.of(ids, model.device(), 1, ids.length), Pass.EMPTY, cache);
    } catch (RuntimeException | Error e) {
      cache.close();
      throw e;
    }
    tokens += ids.length;
    return cache;
  }

  /// The contexts of a batch, then what goes on from them.
  private void run(List<Group> batch, @Nullable KvCache prefix, int before) {
    int longest = batch.stream().mapToInt(g -> g.context.length).max().orElseThrow();
    boolean goesOn = batch.stream().anyMatch(Group::goesOn);
    try (var cache = prefix == null && !goesOn ? null : model.cache(prefix == null ? batch.size() : 1, before + longest)) {
      if (prefix != null && cache != null) {
        cache.arrange(Collections.nCopies(batch.size(), new KvCache.Row(prefix, 0, before)));
      }
      try (var _ = TensorScope.open()) {
        Tensor hidden = model.hidden(table(batch.stream().map(g -> g.context).toList(), longest), Pass.EMPTY, cache);
        var readings = new Readings(longest);
        for (int i = 0; i < batch.size(); i++) {
          Group group = batch.get(i);
          tokens += group.context.length;
          for (Row row : group.rows) {
            readings.add(i, row, before, before + group.context.length);
          }
        }
        read(hidden, readings);
      }
      if (goesOn) {
        goOn(batch, Objects.requireNonNull(cache), before);
      }
    }
  }

  /// A row that goes on from a context that ran.
  private record Further(int group, int context, Row row) {}

  private void goOn(List<Group> batch, KvCache contexts, int before) {
    var all = new ArrayList<Further>();
    for (int i = 0; i < batch.size(); i++) {
      for (Row row : batch.get(i).rows) {
        if (row.rest.length > 0) {
          all.add(new Further(i, before + batch.get(i).context.length, row));
        }
      }
    }
    for (var rows : new Batching(options.rows(), options.tokens()).split(all, f -> f.row.rest.length)) {
      int past = rows.stream().mapToInt(Further::context).max().orElseThrow();
      int longest = rows.getFirst().row.rest.length;
      try (var cache = model.cache(1, past + longest); var _ = TensorScope.open()) {
        cache.arrange(rows.stream().map(f -> new KvCache.Row(contexts, f.group, f.context, f.context)).toList());
        Tensor hidden = model.hidden(table(rows.stream().map(f -> f.row.rest).toList(), longest), pass(rows, past, longest), cache);
        var readings = new Readings(longest);
        for (int i = 0; i < rows.size(); i++) {
          var f = rows.get(i);
          tokens += f.row.rest.length;
          readings.add(i, f.row, f.context, f.context + f.row.rest.length);
        }
        read(hidden, readings);
      }
    }
  }

  /// Hides what lies before the shorter rows and counts positions from their own first token.
  private Pass pass(List<Further> rows, int past, int fresh) {
    if (rows.stream().allMatch(f -> f.context == past)) {
      return Pass.EMPTY;
    }
    int columns = past + fresh;
    var real = new long[rows.size() * columns];
    var at = new long[rows.size() * fresh];
    for (int i = 0; i < rows.size(); i++) {
      int own = rows.get(i).context;
      Arrays.fill(real, i * columns + past - own, (i + 1) * columns, 1);
      for (int j = 0; j < fresh; j++) {
        at[i * fresh + j] = own + j;
      }
    }
    return Pass.EMPTY.withKeyMask(Ops.of(real, model.device(), rows.size(), columns).eq(1))
        .withPositions(Ops.of(at, model.device(), rows.size(), fresh));
  }

  /// Rows filled up at their ends, with their own last tokens. int64 `[R, T]`
  private Tensor table(List<long[]> rows, int columns) {
    var ids = new long[rows.size() * columns];
    for (int i = 0; i < rows.size(); i++) {
      long[] row = rows.get(i);
      System.arraycopy(row, 0, ids, i * columns, row.length);
      Arrays.fill(ids, i * columns + row.length, (i + 1) * columns, row[row.length - 1]);
    }
    return Ops.of(ids, model.device(), rows.size(), columns);
  }

  /// hidden `[R, T, C]`
  private void read(Tensor hidden, Readings readings) {
    readings.read(model, hidden.reshape(-1, hidden.size(2)), (request, logProb, best) -> {
      if (Double.isNaN(logProb)) {
        throw new DataException("the model gives a text a probability that is no number; its weights are broken, or too large for "
            + model.dtype());
      }
      logProbs[request] += logProb;
      greedy[request] &= best;
    });
  }
}
