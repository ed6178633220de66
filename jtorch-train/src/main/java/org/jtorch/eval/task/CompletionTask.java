package org.jtorch.eval.task;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.Prompted;
import org.jtorch.eval.stats.Estimate;

/// Completion, as LAMBADA has it: the model should go on with one given text.
///
/// `acc` counts the texts whose every token is the most probable one; `perplexity` is that of a whole text (the last word of
/// LAMBADA), e to the mean cost in nats.
public record CompletionTask(String name, List<Item> items) implements EvalTask {
  public static final String ACC = "acc";
  public static final String PERPLEXITY = "perplexity";

  public record Item(String place, Prompted text) {}

  public CompletionTask {
    items = List.copyOf(items);
  }

  @Override public int size() {
    return items.size();
  }

  @Override public double tokens() {
    return items.stream().mapToDouble(i -> i.text.context().length() + i.text.continuation().length()).sum() / PER_TOKEN;
  }

  @Override public TaskResult run(TextModel model, EvalProgress progress) {
    var meter = new Meter(progress);
    var hash = new PromptHash();
    items.forEach(i -> {
      hash.add(i.text.context());
      hash.add(i.text.continuation());
    });
    var found = model.scorer().likelihoods(model.encoder().pairs(items.stream().map(Item::text).toList()), meter);
    var results = new ArrayList<ItemResult>();
    for (int i = 0; i < items.size(); i++) {
      var item = items.get(i);
      var l = found.get(i);
      var values = new LinkedHashMap<String, Double>();
      values.put(ACC, l.greedy() ? 1.0 : 0.0);
      values.put(PERPLEXITY, -l.logProb());
      results.add(new ItemResult(item.place, values, JsonNodeFactory.instance.objectNode().put("item", item.place)
          .put("prompt", item.text.context()).put("text", item.text.continuation()).put("log_prob", l.logProb())
          .put("tokens", l.tokens()).put("greedy", l.greedy())));
    }
    var metrics = List.of(
        new Metric(ACC, Metric.Kind.SHARE, Estimate.mean(results.stream().mapToDouble(r -> r.values().get(ACC)).toArray())),
        new Metric(PERPLEXITY, Metric.Kind.COST,
            Estimate.mean(results.stream().mapToDouble(r -> r.values().get(PERPLEXITY)).toArray()).exp()));
    return meter.result(name, hash, metrics, results, null);
  }
}
