package org.jtorch.generate;

import java.nio.LongBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.KvCache;
import org.jtorch.decoder.CausalLm;
import org.jtorch.nn.Frozen;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// One generation: rows come in, get a token each at every step, and leave.
///
/// A row's cache holds all of its tokens but the newest, which the next step reads. So a row enters when its prompt without the
/// last token has run, and several rows of the same prompt share that run. Rows that ended keep their place until a quarter of
/// the places is free: then those that go on are moved together, and waiting ones join them. Moving copies the cache, which costs
/// about what one or two steps read, and happens a logarithmic number of times where no rows wait. A model
/// whose layers are not all attention keeps its rows until all have ended, and runs each on its own.
final class Decoding implements AutoCloseable {
  private final CausalLm model;
  private final Options options;
  private final boolean scored;
  private final TokenListener listener;
  private final Sampler sampler;
  private final Pass pass;
  private final int atOnce;
  private final int capacity;
  private final Deque<Row> waiting;
  private final List<Row> places = new ArrayList<>();
  private @Nullable KvCache cache;
  private @Nullable TokenTable table;

  /// @param atOnce most rows in the batch
  /// @param frozen holds for this generation
  Decoding(CausalLm model, Options options, boolean scored, TokenListener listener, List<Row> rows, int atOnce, Frozen frozen) {
    this.model = model;
    this.options = options;
    this.scored = scored;
    this.listener = listener;
    this.sampler = Sampler.of(options.sampling());
    this.pass = Pass.EMPTY.withFrozen(frozen);
    this.atOnce = atOnce;
    this.capacity = rows.stream().mapToInt(Row::length).max().orElseThrow() + options.maxNewTokens();
    this.waiting = new ArrayDeque<>(rows);
  }

  /// Until all rows have ended. Runs in a scope of its own.
  void run() {
    while (places.stream().anyMatch(r -> !r.hasEnded()) || !waiting.isEmpty()) {
      try (var _ = TensorScope.open()) {
        arrange();
        while (!shouldArrange()) {
          step();
        }
      }
    }
  }

  private boolean shouldArrange() {
    long open = places.stream().filter(r -> !r.hasEnded()).count();
    boolean rowsMove = cache != null && cache.canArrange();
    return table == null || open == 0 || rowsMove && (table.isFull() || 4 * open <= 3 * places.size());
  }

  /// Rows that go on move together, waiting ones take the places that are free.
  private void arrange() {
    var rows = new ArrayList<Row>();
    var sources = new ArrayList<KvCache.Row>();
    for (int i = 0; i < places.size(); i++) {
      if (!places.get(i).hasEnded()) {
        rows.add(places.get(i));
        sources.add(new KvCache.Row(Objects.requireNonNull(cache), i, places.get(i).length() - 1));
      }
    }
    var entering = new ArrayList<Row>();
    while (rows.size() + entering.size() < atOnce && !waiting.isEmpty()) {
      entering.add(waiting.removeFirst());
    }
    var texts = entering.stream().map(Row::text).toList();
    var distinct = new LinkedHashMap<LongBuffer, Integer>();
    texts.forEach(t -> distinct.putIfAbsent(LongBuffer.wrap(t), distinct.size()));
    if (rows.isEmpty() && (distinct.size() == texts.size() || !renewed(texts.size()).canArrange())) {
      prefill(texts, renewed(texts.size()));
    } else {
      join(texts, distinct, sources);
    }
    rows.addAll(entering);
    places.clear();
    places.addAll(rows);
    table = new TokenTable(places.stream().map(Row::text).toList(), capacity, pass, model.device());
  }

  /// A cache for rows that all begin.
  private KvCache renewed(int rows) {
    if (cache == null || cache.batch() != rows) {
      close();
      cache = model.cache(rows, capacity);
    }
    cache.clear();
    return cache;
  }

  /// Each prompt runs once, in a cache of its own, and rows of the batch are made of its rows.
  private void join(List<long[]> texts, Map<LongBuffer, Integer> distinct, List<KvCache.Row> sources) {
    int longest = texts.stream().mapToInt(t -> t.length).max().orElse(1);
    try (var prompts = model.cache(distinct.size(), longest)) {
      prefill(distinct.keySet().stream().map(LongBuffer::array).toList(), prompts);
      for (long[] t : texts) {
        sources.add(new KvCache.Row(prompts, Objects.requireNonNull(distinct.get(LongBuffer.wrap(t))), t.length - 1));
      }
      if (cache == null) {
        cache = model.cache(sources.size(), capacity);
      }
      cache.arrange(sources);
    }
  }

  /// Runs the texts without their last tokens.
  private void prefill(List<long[]> texts, KvCache into) {
    int n = texts.stream().mapToInt(t -> t.length).max().orElse(1) - 1;
    if (n > 0) {
      try (var _ = TensorScope.open()) {
        var prompts = new TokenTable(texts, n + 1, pass, model.device());
        var _ = model.hidden(prompts.ids(0, n), prompts.pass(0, n), into);
      }
    }
  }

  /// The next token of every row; those of rows that ended are thrown away.
  private void step() {
    try (var _ = TensorScope.open()) {
      var text = Objects.requireNonNull(table);
      int at = text.columns() - 1;
      Tensor logits = logits(model.hidden(text.ids(at, 1), text.pass(at, 1), cache).select(1, 0));            // [B, V]
      Tensor uniforms = RowStreams.column(places.stream().mapToDouble(r -> r.stream.uniform()).toArray(), model.device());
      if (scored) {
        var drawn = sampler.draw(logits, text.seen(), uniforms);
        score(Sampler.logProbs(logits, drawn.tokens()).toDoubles(), drawn.logProbs().toDoubles());
        text.append(drawn.tokens());
        add(drawn.tokens().toLongs());
      } else {
        Tensor next = sampler.next(logits, text.seen(), uniforms);
        text.append(next);
        add(next.toLongs());
      }
    }
  }

  private Tensor logits(Tensor hidden) {
    Tensor packed = pass.frozen() == null ? null : pass.frozen().product(model.head(), hidden, null);
    return packed == null ? model.logits(hidden) : model.logitCap().apply(packed);
  }

  private void score(double[] underModel, double[] underSampling) {
    for (int i = 0; i < places.size(); i++) {
      if (!places.get(i).hasEnded()) {
        places.get(i).score(underModel[i], underSampling[i]);
      }
    }
  }

  private void add(long[] next) {
    for (int i = 0; i < next.length; i++) {
      Row row = places.get(i);
      if (!row.hasEnded()) {
        listener.onToken(row.number, next[i], row.made());
        row.add(next[i], options.stopTokens().contains(next[i]) || listener.ends(row.number));
      }
    }
  }

  @Override public void close() {
    if (cache != null) {
      cache.close();
      cache = null;
    }
  }
}
