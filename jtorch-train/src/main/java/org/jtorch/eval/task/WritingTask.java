package org.jtorch.eval.task;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.Writing;
import org.jtorch.eval.stats.Estimate;

/// Generate until: the model writes an answer, always with its most probable token, which must be the right one.
///
/// @param stops texts that end the answer and are no part of it
/// @param maxTokens of an answer
/// @param extractions ways to find the answer in the text, by the name of their metric
public record WritingTask(String name, List<Item> items, List<String> stops, int maxTokens, SequencedMap<String, Extraction> extractions)
    implements EvalTask {
  public static final String EXACT_MATCH = "exact_match";

  /// @param answers of which one must come
  public record Item(String place, String prompt, List<String> answers) {
    public Item {
      answers = List.copyOf(answers);
    }
  }

  public WritingTask {
    items = List.copyOf(items);
    stops = List.copyOf(stops);
    extractions = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(extractions));
    if (stops.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException("`until` holds an empty text, which would end every answer at once; e.g. [\"\\n\\n\"]");
    }
    if (maxTokens < 1) {
      throw new IllegalArgumentException("`max_new_tokens` must be >= 1 but was " + maxTokens + "; 256 is usual");
    }
    if (extractions.isEmpty()) {
      throw new IllegalArgumentException("`extract` is empty; leave it out to compare whole texts");
    }
  }

  @Override public int size() {
    return items.size();
  }

  @Override public double tokens() {
    return items.stream().mapToDouble(i -> i.prompt.length() / PER_TOKEN + maxTokens).sum();
  }

  @Override public TaskResult run(TextModel model, EvalProgress progress) {
    var meter = new Meter(progress);
    var hash = new PromptHash();
    items.forEach(i -> hash.add(i.prompt));
    var prompts = model.encoder().prompts(items.stream().map(Item::prompt).toList());
    var stopTexts = new StopTexts(model.encoder().tokenizer(), prompts, stops);
    var written = model.scorer().write(prompts, new Writing(maxTokens, model.stopTokens(), stopTexts), meter);
    var results = new ArrayList<ItemResult>();
    for (int i = 0; i < items.size(); i++) {
      results.add(result(items.get(i), stopTexts.text(i), written.get(i).length));
    }
    var metrics = extractions.keySet().stream().map(m -> new Metric(m, Metric.Kind.SHARE,
        Estimate.mean(results.stream().mapToDouble(r -> r.values().get(m)).toArray()))).toList();
    return meter.result(name, hash, metrics, results, null);
  }

  private ItemResult result(Item item, String text, int tokens) {
    var values = new LinkedHashMap<String, Double>();
    var node = JsonNodeFactory.instance.objectNode().put("item", item.place).put("prompt", item.prompt).put("text", text).put("tokens", tokens);
    item.answers.forEach(node.putArray("gold")::add);
    var found = node.putObject("answers");
    extractions.forEach((metric, how) -> {
      String answer = how.answer(text);
      found.put(metric, answer);
      values.put(metric, item.answers.stream().anyMatch(gold -> how.same(answer, gold)) ? 1.0 : 0.0);
    });
    return new ItemResult(item.place, values, node);
  }
}
