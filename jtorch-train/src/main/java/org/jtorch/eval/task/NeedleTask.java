package org.jtorch.eval.task;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.needle.Haystacks;
import org.jtorch.eval.needle.NeedleGrid;
import org.jtorch.eval.needle.NeedleText;
import org.jtorch.eval.stats.Estimate;

/// A needle in a haystack of text: `found` is the part of all haystacks whose needle the model finds.
///
/// @param lengths empty for a quarter, a half and all of what the model allows, up to [#LONGEST], as far as there is room for hay
/// @param depths in percent
/// @param instances of each length and depth
/// @param text of the haystack
public record NeedleTask(String name, List<Integer> lengths, List<Integer> depths, int instances, long seed, Haystacks.How how,
    String text, String needle, String question, List<String> answers) implements EvalTask {
  public static final String FOUND = "found";
  /// The longest haystack, if none is asked for.
  public static final int LONGEST = 4_096;

  public NeedleTask {
    lengths = List.copyOf(lengths);
    depths = List.copyOf(depths);
    answers = List.copyOf(answers);
    var _ = new NeedleGrid(lengths.isEmpty() ? List.of(LONGEST) : lengths, depths, instances, seed);
  }

  /// Without lengths the most that there may be.
  @Override public int size() {
    return (lengths.isEmpty() ? 3 : lengths.size()) * depths.size() * instances;
  }

  /// Of its prompts; 0 if that depends on the model.
  public int longest() {
    return lengths.stream().mapToInt(Integer::intValue).max().orElse(0);
  }

  @Override public double tokens() {
    double each = lengths.isEmpty() ? 7.0 / 12 * LONGEST : lengths.stream().mapToInt(Integer::intValue).average().orElseThrow();
    return size() * each;
  }

  @Override public TaskResult run(TextModel model, EvalProgress progress) {
    var meter = new Meter(progress);
    var hash = new PromptHash();
    var source = new NeedleText(model.encoder(), text, needle, question, answers);
    var grid = new NeedleGrid(lengths.isEmpty() ? usual(model.scorer().maxTokens(), source.shortest()) : lengths, depths, instances, seed);
    var haystacks = new Haystacks(grid, source, how);
    var results = new ArrayList<ItemResult>();
    var asked = haystacks.ask(model.scorer(), meter);
    var tokenizer = model.encoder().tokenizer();
    for (var a : asked) {
      String prompt = tokenizer.decode(a.item().prompt(), true);
      hash.add(prompt);
      String place = "length " + a.length() + ", depth " + a.depth() + "%, " + a.instance();
      var values = new LinkedHashMap<String, Double>();
      values.put(FOUND, a.found() ? 1.0 : 0.0);
      results.add(new ItemResult(place, values, JsonNodeFactory.instance.objectNode().put("item", place).put("prompt", prompt)
          .put("answer", tokenizer.decodeAfter(a.item().prompt(), a.answer(), true))
          .put("gold", answers.get(a.item().gold())).put("found", a.found())));
    }
    var found = Estimate.mean(results.stream().mapToDouble(r -> r.values().get(FOUND)).toArray());
    return meter.result(name, hash, List.of(new Metric(FOUND, Metric.Kind.SHARE, found)), results, haystacks.result(asked));
  }

  /// A quarter, a half and all, those that leave at least half of the prompt to the haystack.
  private static List<Integer> usual(int most, int shortest) {
    int longest = Math.min(most, LONGEST);
    var fit = Arrays.stream(new int[] {longest / 4, longest / 2, longest}).filter(n -> n >= 2 * shortest).boxed().toList();
    return fit.isEmpty() ? List.of(longest) : fit;
  }
}
