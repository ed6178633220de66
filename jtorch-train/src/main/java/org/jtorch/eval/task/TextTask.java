package org.jtorch.eval.task;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;
import org.jtorch.data.Document;
import org.jtorch.eval.Continuation;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.stats.Estimate;

/// What texts cost: bits per byte, which does not depend on the tokenizer, and perplexities per byte, word and token.
///
/// Every token is predicted once, in rolling windows as lm-evaluation-harness cuts them. Words are what stands between white space.
/// All figures are of the texts together; the standard errors take whole texts for the sample.
///
/// @param window tokens that go into the model at once; 0 for as many as it allows
/// @param context tokens that a window repeats of the one before; 1 is the harness's, more costs more and predicts better
public record TextTask(String name, List<Document> texts, int window, int context) implements EvalTask {
  public static final String BITS_PER_BYTE = "bits_per_byte";
  private static final String BYTE_PERPLEXITY = "byte_perplexity";
  private static final String WORD_PERPLEXITY = "word_perplexity";
  private static final String TOKEN_PERPLEXITY = "token_perplexity";
  private static final Pattern SPACES = Pattern.compile("[\\s\\x1c-\\x1f]+", Pattern.UNICODE_CHARACTER_CLASS);

  public TextTask {
    texts = List.copyOf(texts);
    if (window < 0 || window == 1) {
      throw new IllegalArgumentException("`window` must be 2 or more, or 0 for what the model allows, but was " + window + "; 1024 is usual");
    }
    if (context < 1 || window > 0 && context > window) {
      throw new IllegalArgumentException("`context` must be from 1 to the window (" + window + ") but was " + context + "; 1 is usual");
    }
  }

  @Override public int size() {
    return texts.size();
  }

  /// A text's cost.
  private record Cost(double nats, long bytes, long words, long tokens) {}

  @Override public double tokens() {
    return texts.stream().mapToDouble(t -> t.text().length()).sum() / PER_TOKEN;
  }

  @Override public TaskResult run(TextModel model, EvalProgress progress) {
    var meter = new Meter(progress);
    var hash = new PromptHash();
    texts.forEach(t -> hash.add(t.text()));
    int most = window == 0 ? model.scorer().maxTokens() : Math.min(window, model.scorer().maxTokens());
    var windows = new ArrayList<Continuation>();
    var counts = new ArrayList<Integer>();
    for (long[] ids : model.encoder().texts(texts.stream().map(Document::text).toList())) {
      var some = Windows.of(ids, model.encoder().start(), most, Math.min(context, most));
      windows.addAll(some);
      counts.add(some.size());
    }
    var found = model.scorer().likelihoods(windows, meter).iterator();
    var costs = new ArrayList<Cost>();
    for (int i = 0; i < texts.size(); i++) {
      double nats = 0;
      long tokens = 0;
      for (int j = 0; j < counts.get(i); j++) {
        var l = found.next();
        nats -= l.logProb();
        tokens += l.tokens();
      }
      String text = texts.get(i).text();
      costs.add(new Cost(nats, text.getBytes(StandardCharsets.UTF_8).length, words(text), tokens));
    }
    return meter.result(name, hash, metrics(costs), items(costs), null);
  }

  /// As Python's `len(re.split(r"\s+", text))`.
  static long words(String text) {
    return SPACES.split(text, -1).length;
  }

  private static List<Metric> metrics(List<Cost> costs) {
    var perByte = ratio(costs, Cost::bytes);
    return List.of(new Metric(BITS_PER_BYTE, Metric.Kind.COST, perByte.times(1 / Math.log(2))),
        new Metric(BYTE_PERPLEXITY, Metric.Kind.COST, perByte.exp()),
        new Metric(WORD_PERPLEXITY, Metric.Kind.COST, ratio(costs, Cost::words).exp()),
        new Metric(TOKEN_PERPLEXITY, Metric.Kind.COST, ratio(costs, Cost::tokens).exp()));
  }

  private static Estimate ratio(List<Cost> costs, ToDoubleFunction<Cost> size) {
    return Estimate.ratio(costs.stream().mapToDouble(Cost::nats).toArray(), costs.stream().mapToDouble(size).toArray());
  }

  private List<ItemResult> items(List<Cost> costs) {
    var items = new ArrayList<ItemResult>();
    for (int i = 0; i < costs.size(); i++) {
      var c = costs.get(i);
      var values = new LinkedHashMap<String, Double>();
      values.put(BITS_PER_BYTE, c.nats / c.bytes / Math.log(2));
      values.put(BYTE_PERPLEXITY, c.nats / c.bytes);
      values.put(WORD_PERPLEXITY, c.nats / c.words);
      values.put(TOKEN_PERPLEXITY, c.nats / c.tokens);
      String place = texts.get(i).source();
      items.add(new ItemResult(place, values, JsonNodeFactory.instance.objectNode().put("item", place).put("log_prob", -c.nats)
          .put("bytes", c.bytes).put("words", c.words).put("tokens", c.tokens)));
    }
    return items;
  }
}
