package org.jtorch.eval;

import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// In which forwards continuations are scored: equal inputs run once, continuations of one context share its run where that pays,
/// what all contexts begin with runs once, and rows of about the same length run together.
///
/// @param prefix what all inputs begin with, or nothing where it does not pay
/// @param batches of which each group's context continues the prefix
@SuppressWarnings("ArrayRecordComponent")     // never compared
record ScoringPlan(long[] prefix, List<List<Group>> batches) {
  /// Fewer tokens are not worth a forward of their own.
  private static final int LEAST_SHARED = 16;

  /// A context and the inputs that go on from it; a group of one has all of its input as context.
  static final class Group {
    final long[] context;
    final List<Row> rows;

    Group(long[] context, List<Row> rows) {
      this.context = context;
      this.rows = rows;
    }

    /// Whether a second forward follows, of what comes after the context.
    boolean goesOn() {
      return rows.stream().anyMatch(r -> r.rest.length > 0);
    }
  }

  /// What goes in behind a group's context.
  static final class Row {
    final long[] rest;
    final List<Ask> asks = new ArrayList<>();

    Row(long[] rest) {
      this.rest = rest;
    }
  }

  /// @param request which continuation it is
  /// @param first where in prefix, context and rest together the token stands behind which its first is expected
  record Ask(int request, int first, long[] targets) {}

  /// What of a continuation goes into the model, its last token not.
  private record Input(long[] tokens, int context, Ask ask) {
    /// @param most tokens that go in; of more the beginning is cut off
    static Input of(Continuation c, int request, int most) {
      int all = c.context().length + c.tokens().length - 1;
      int cut = Math.max(0, all - most);
      if (c.tokens().length > most) {
        throw new IllegalArgumentException("a continuation has " + c.tokens().length + " tokens but the model takes " + most
            + "; split it or shorten it");
      }
      var tokens = new long[all - cut];
      int context = c.context().length - cut;
      System.arraycopy(c.context(), cut, tokens, 0, context);
      System.arraycopy(c.tokens(), 0, tokens, context, c.tokens().length - 1);
      return new Input(tokens, context, new Ask(request, context - 1, c.tokens()));
    }
  }

  /// @param most tokens that go into the model at once
  /// @param share whether inputs may share what they begin with
  static ScoringPlan of(List<Continuation> asked, int most, Batching batching, boolean share) {
    var inputs = new ArrayList<Input>();
    for (int i = 0; i < asked.size(); i++) {
      inputs.add(Input.of(asked.get(i), i, most));
    }
    long[] prefix = share ? prefix(inputs) : new long[0];
    var alone = new ArrayList<Group>();
    var shared = new ArrayList<Group>();
    for (var some : byContext(inputs)) {
      var rows = distinct(some);
      var first = rows.values().iterator().next();
      if (share && rows.size() > 1 && pays(rows, first.context() - prefix.length)) {
        shared.add(together(some, prefix.length));
      } else {
        rows.keySet().forEach(key -> alone.add(alone(some, key, prefix.length)));
      }
    }
    var batches = new ArrayList<>(batching.split(alone, g -> g.context.length));
    batches.addAll(batching.split(shared, g -> g.context.length));
    return new ScoringPlan(prefix, batches);
  }

  /// What all inputs begin with; the last token of a context is never part of it.
  private static long[] prefix(List<Input> inputs) {
    long[] first = inputs.isEmpty() ? new long[0] : inputs.getFirst().tokens();
    int n = inputs.isEmpty() ? 0 : inputs.getFirst().context() - 1;
    long all = 0;
    for (var input : inputs) {
      int same = Arrays.mismatch(first, 0, n, input.tokens(), 0, Math.min(n, input.context() - 1));
      n = same < 0 ? n : same;
      all += input.tokens().length;
    }
    boolean pays = n >= LEAST_SHARED && 4L * n * (inputs.size() - 1) >= all;
    return pays ? Arrays.copyOf(first, n) : new long[0];
  }

  private static Iterable<List<Input>> byContext(List<Input> inputs) {
    var groups = new LinkedHashMap<LongBuffer, List<Input>>();
    inputs.forEach(i -> groups.computeIfAbsent(LongBuffer.wrap(i.tokens(), 0, i.context()).slice(), _ -> new ArrayList<>()).add(i));
    return groups.values();
  }

  private static Map<LongBuffer, Input> distinct(List<Input> inputs) {
    var rows = new LinkedHashMap<LongBuffer, Input>();
    inputs.forEach(i -> rows.putIfAbsent(LongBuffer.wrap(i.tokens()), i));
    return rows;
  }

  /// A second forward pays where it saves a quarter of the tokens.
  private static boolean pays(Map<LongBuffer, Input> rows, int context) {
    long saved = (rows.size() - 1L) * context;
    long all = rows.values().stream().mapToLong(i -> i.tokens().length).sum();
    return context >= LEAST_SHARED && 4 * saved >= all;
  }

  private static Group together(List<Input> inputs, int prefix) {
    int context = inputs.getFirst().context();
    var rows = new LinkedHashMap<LongBuffer, Row>();
    for (var input : inputs) {
      long[] rest = Arrays.copyOfRange(input.tokens(), context, input.tokens().length);
      rows.computeIfAbsent(LongBuffer.wrap(rest), _ -> new Row(rest)).asks.add(input.ask());
    }
    return new Group(Arrays.copyOfRange(inputs.getFirst().tokens(), prefix, context), List.copyOf(rows.values()));
  }

  private static Group alone(List<Input> inputs, LongBuffer tokens, int prefix) {
    var row = new Row(new long[0]);
    inputs.stream().filter(i -> LongBuffer.wrap(i.tokens()).equals(tokens)).forEach(i -> row.asks.add(i.ask()));
    long[] all = tokens.array();
    return new Group(Arrays.copyOfRange(all, prefix, all.length), List.of(row));
  }

  /// How many rows run together.
  ///
  /// @param rows at most
  /// @param tokens at most, padding included; a longer row runs alone
  record Batching(int rows, int tokens) {
    /// The longest first, so that a memory too small shows at once.
    <E> List<List<E>> split(List<E> all, java.util.function.ToIntFunction<E> length) {
      var sorted = all.stream().sorted(Comparator.comparingInt(length).reversed()).toList();
      var batches = new ArrayList<List<E>>();
      for (int from = 0; from < sorted.size(); ) {
        int longest = Math.max(1, length.applyAsInt(sorted.get(from)));
        int n = Math.clamp(tokens / longest, 1, rows);
        int to = Math.min(sorted.size(), from + n);
        batches.add(sorted.subList(from, to));
        from = to;
      }
      return batches;
    }
  }
}
