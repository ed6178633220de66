package org.jtorch.eval.task;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.Likelihood;
import org.jtorch.eval.Prompted;
import org.jtorch.eval.stats.Estimate;

/// Multiple choice: the answer that the model finds most probable is its choice, of equally probable ones the first.
///
/// `acc` compares log-probabilities as they are; `acc_norm` divides each by the bytes that its answer has in UTF-8, so that a long
/// answer is not held against it (the harness divides by characters, which are the same in ASCII).
public record ChoiceTask(String name, List<Item> items) implements EvalTask {
  public static final String ACC = "acc";
  public static final String ACC_NORM = "acc_norm";

  /// @param choices each with the prompt before it; most often all have the same
  /// @param answers the texts of the choices, without the space before them: what the bytes are counted of
  /// @param gold which one is right, from 0
  public record Item(String place, List<Prompted> choices, List<String> answers, int gold) {
    public Item {
      choices = List.copyOf(choices);
      answers = List.copyOf(answers);
      if (choices.size() < 2 || choices.size() != answers.size() || gold < 0 || gold >= choices.size()) {
        throw new IllegalArgumentException(place + ": an item needs two choices or more and one of them as its answer, but there are "
            + choices.size() + " and the answer is number " + gold + ", counted from 0");
      }
    }
  }

  public ChoiceTask {
    items = List.copyOf(items);
  }

  @Override public int size() {
    return items.size();
  }

  @Override public double tokens() {
    return items.stream().flatMap(i -> i.choices.stream()).mapToDouble(c -> c.context().length() + c.continuation().length()).sum() / PER_TOKEN;
  }

  @Override public TaskResult run(TextModel model, EvalProgress progress) {
    var meter = new Meter(progress);
    var hash = new PromptHash();
    var asked = new ArrayList<Prompted>();
    for (var item : items) {
      for (var choice : item.choices) {
        hash.add(choice.context());
        hash.add(choice.continuation());
        asked.add(choice);
      }
    }
    var found = model.scorer().likelihoods(model.encoder().pairs(asked), meter);
    var results = new ArrayList<ItemResult>();
    int from = 0;
    for (var item : items) {
      results.add(result(item, found.subList(from, from + item.choices.size())));
      from += item.choices.size();
    }
    var metrics = List.of(ACC, ACC_NORM).stream()
        .map(m -> new Metric(m, Metric.Kind.SHARE, Estimate.mean(results.stream().mapToDouble(r -> r.values().get(m)).toArray()))).toList();
    return meter.result(name, hash, metrics, results, null);
  }

  private static ItemResult result(Item item, List<Likelihood> found) {
    double[] plain = found.stream().mapToDouble(Likelihood::logProb).toArray();
    double[] perByte = new double[plain.length];
    for (int i = 0; i < plain.length; i++) {
      perByte[i] = plain[i] / Math.max(1, item.answers.get(i).getBytes(StandardCharsets.UTF_8).length);
    }
    int best = best(plain);
    int bestPerByte = best(perByte);
    var values = new LinkedHashMap<String, Double>();
    values.put(ACC, best == item.gold ? 1.0 : 0.0);
    values.put(ACC_NORM, bestPerByte == item.gold ? 1.0 : 0.0);
    return new ItemResult(item.place, values, output(item, plain, best, bestPerByte));
  }

  private static ObjectNode output(Item item, double[] plain, int best, int bestPerByte) {
    var node = JsonNodeFactory.instance.objectNode().put("item", item.place);
    var contexts = item.choices.stream().map(Prompted::context).toList();
    if (Collections.frequency(contexts, contexts.getFirst()) == contexts.size()) {
      node.put("prompt", contexts.getFirst());
    } else {
      contexts.forEach(node.putArray("prompts")::add);
    }
    item.choices.forEach(c -> node.withArray("choices").add(c.continuation()));
    for (double p : plain) {
      node.withArray("log_probs").add(p);
    }
    return node.put("gold", item.gold).put("chosen", best).put("chosen_norm", bestPerByte);
  }

  /// The largest; of equal ones the first.
  static int best(double... values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }
}
