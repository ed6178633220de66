package org.jtorch.eval.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jtorch.data.Document;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.Prompted;
import org.jtorch.eval.Stories;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Figures of answers that are given, worked out by hand.
class TasksTest {
  private static Tokenizer tokenizer;

  @SuppressWarnings("MustBeClosedChecker")     // closed after all tests
  @BeforeAll static void load() {
    tokenizer = Stories.tokenizer();
  }

  @AfterAll static void close() {
    tokenizer.close();
  }

  private static Scripted scripted(Map<String, Double> logProbs, String... written) {
    return new Scripted(tokenizer, (_, text) -> Objects.requireNonNull(logProbs.get(text.strip()), text), written);
  }

  private static ChoiceTask.Item choice(String place, int gold, String... answers) {
    return new ChoiceTask.Item(place, List.of(answers).stream().map(a -> new Prompted("Question:", " " + a)).toList(), List.of(answers), gold);
  }

  /// Item a: -4 beats -6, and per byte -6 / 6 = -1 beats -4 / 3 = -1.33. Item b: both ways the first. Item c: equal ones, the first counts.
  @Test void accuracyAsItIsAndByLength() {
    var logProbs = Map.of("cat", -4.0, "kitten", -6.0, "dog", -1.0, "horse", -5.0, "fox", -2.0, "owl", -2.0);
    var task = new ChoiceTask("animals", List.of(choice("a", 1, "cat", "kitten"), choice("b", 0, "dog", "horse"), choice("c", 1, "fox", "owl")));
    var result = task.run(scripted(logProbs).model(), EvalProgress.NONE);
    assertThat(result.values("acc")).containsExactly(0, 1, 0);
    assertThat(result.values("acc_norm")).containsExactly(1, 1, 0);
    assertThat(result.metric("acc").estimate().value()).isCloseTo(1.0 / 3, within(1e-15));
    assertThat(result.metric("acc_norm").estimate().value()).isCloseTo(2.0 / 3, within(1e-15));
    assertThat(result.metric("acc").estimate().standardError()).isCloseTo(1.0 / 3, within(1e-15));      // √(2/9 / 2) = 1/3
    assertThat(result.tokens()).isEqualTo(7);
    var output = result.items().getFirst().output();
    assertThat(output.toString()).isEqualTo("{\"item\":\"a\",\"prompt\":\"Question:\",\"choices\":[\" cat\",\" kitten\"],\"log_probs\":[-4.0,-6.0],"
        + "\"gold\":1,\"chosen\":0,\"chosen_norm\":1}");
  }

  /// Bytes, not characters: "é" has two, so -3 / 2 beats -2 / 1.
  @Test void lengthIsInBytes() {
    var task = new ChoiceTask("letters", List.of(choice("a", 0, "é", "e")));
    var result = task.run(scripted(Map.of("é", -3.0, "e", -2.0)).model(), EvalProgress.NONE);
    assertThat(result.values("acc")).containsExactly(0);
    assertThat(result.values("acc_norm")).containsExactly(1);
  }

  @Test void promptsThatDifferAreKeptEach() {
    var item = new ChoiceTask.Item("w", List.of(new Prompted("The cat", " sat"), new Prompted("The dog", " sat")), List.of("sat", "sat"), 1);
    var scorer = new Scripted(tokenizer, (context, _) -> context.endsWith("dog") ? -1 : -2);
    var result = new ChoiceTask("fill", List.of(item)).run(scorer.model(), EvalProgress.NONE);
    assertThat(result.values("acc")).containsExactly(1);
    assertThat(result.items().getFirst().output().toString()).contains("\"prompts\":[\"The cat\",\"The dog\"]");
    assertThatIllegalArgumentException().isThrownBy(() -> choice("x.jsonl:3", 2, "a", "b")).withMessageContaining("x.jsonl:3");
  }

  /// Costs of 0.5 and 1.5 nats: perplexity e¹, its error e · √(0.5 / 2) = e / 2.
  @Test void theLastWord() {
    var task = new CompletionTask("words", List.of(new CompletionTask.Item("a", new Prompted("Once upon a", " time")),
        new CompletionTask.Item("b", new Prompted("The cat sat on the", " mat"))));
    var result = task.run(scripted(Map.of("time", -0.5, "mat", -1.5)).model(), EvalProgress.NONE);
    assertThat(result.metric("acc").estimate().value()).isEqualTo(0.5);
    assertThat(result.metric("perplexity").estimate().value()).isCloseTo(Math.E, within(1e-12));
    assertThat(result.metric("perplexity").estimate().standardError()).isCloseTo(Math.E / 2, within(1e-12));
  }

  /// Two texts of 8 and 4 bytes cost 16 ln 2 and 2 ln 2: 18 bits / 12 bytes = 1.5. Words: 2 and 1, so 18 ln 2 / 3 is e to 2⁶ = 64.
  @Test void whatTextsCost() {
    var texts = List.of(new Document("cat dogs", "one"), new Document("bird", "two"));
    var scorer = new Scripted(tokenizer, (_, text) -> text.strip().equals("bird") ? -2 * Math.log(2) : -16 * Math.log(2));
    var result = new TextTask("texts", texts, 0, 1).run(scorer.model(), EvalProgress.NONE);
    assertThat(result.metric("bits_per_byte").estimate().value()).isCloseTo(1.5, within(1e-12));
    assertThat(result.metric("byte_perplexity").estimate().value()).isCloseTo(Math.pow(2, 1.5), within(1e-12));
    assertThat(result.metric("word_perplexity").estimate().value()).isCloseTo(64, within(1e-9));
    long tokens = scorer.asked.stream().mapToLong(c -> c.tokens().length).sum();
    assertThat(result.metric("token_perplexity").estimate().value()).isCloseTo(Math.pow(2, 18.0 / tokens), within(1e-9));
    assertThat(result.values("bits_per_byte")).containsExactly(new double[] {2, 0.5}, within(1e-12));
    // what is left of 16 and 2 bits at 1.5 a byte: 4 and -4; 32 · 2 / 1 = 64, root 8, over 12 bytes
    assertThat(result.metric("bits_per_byte").estimate().standardError()).isCloseTo(8.0 / 12, within(1e-12));
    assertThat(scorer.asked).allMatch(c -> c.context().length == 1 && c.context()[0] == Stories.BOS);
  }

  /// As Python counts them: white space at an end makes an empty word more.
  @Test void words() {
    assertThat(TextTask.words("one two")).isEqualTo(2);
    assertThat(TextTask.words(" one\n\ntwo \t")).isEqualTo(4);
    assertThat(TextTask.words("a\u00a0b\u2003c\u001cd")).isEqualTo(4);
    assertThat(TextTask.words("")).isEqualTo(1);
  }

  @Test void writtenAnswers() {
    var ways = new LinkedHashMap<String, Extraction>();
    ways.put("strict", new Extraction(Pattern.compile("#### (-?[0-9.,]+)"), false, true));
    ways.put("flexible", new Extraction(Pattern.compile("(-?[$0-9.,]{2,}|-?[0-9]+)"), true, true));
    ways.put("whole", Extraction.WHOLE);
    var items = List.of(new WritingTask.Item("a", "Q", List.of("18")), new WritingTask.Item("b", "Q", List.of("7")),
        new WritingTask.Item("c", "Q", List.of("it is 3")));
    var task = new WritingTask("sums", items, List.of("END", "Q"), 64, ways);
    var result = task.run(scripted(Map.of(), "9 and 9 is 18\n#### 18.0 END 5", "so $1,200. or 7", "it is 3Q 4").model(), EvalProgress.NONE);
    assertThat(result.values("strict")).containsExactly(1, 0, 0);
    assertThat(result.values("flexible")).containsExactly(1, 1, 0);
    assertThat(result.values("whole")).containsExactly(0, 0, 1);
    assertThat(result.items().get(0).output().get("text").asText()).isEqualTo(" 9 and 9 is 18\n#### 18.0 ");
    assertThat(result.items().get(2).output().get("text").asText()).isEqualTo(" it is 3");
    assertThat(result.metrics()).extracting(Metric::name).containsExactly("strict", "flexible", "whole");
  }

  @Test void answersAsNumbers() {
    var number = new Extraction(null, false, true);
    assertThat(number.same(" $1,200. ", "1200")).isTrue();
    assertThat(number.same("18.00", "18")).isTrue();
    assertThat(number.same("-3", "3")).isFalse();
    assertThat(number.same("", "3")).isFalse();
    assertThat(number.same("x", "x")).isTrue();
    assertThat(new Extraction(Pattern.compile("b(c)?"), true, false).answer("bc b")).isEqualTo("c");
    assertThat(new Extraction(Pattern.compile("z"), true, false).answer("bc b")).isEmpty();
  }

  @Test void needles() {
    var task = new NeedleTask("needle", List.of(100), List.of(0, 100), 2, 1, org.jtorch.eval.needle.Haystacks.How.LIKELIEST,
        "Once upon a time. The cat sat. ".repeat(9), " The word is {answer}.", " The word is", List.of("red", "blue"));
    var scorer = new Scripted(tokenizer, (context, text) -> context.contains("The word is" + text + ".") ? -1 : -2);
    var result = task.run(scorer.model(), EvalProgress.NONE);
    assertThat(result.metric("found").estimate().value()).isEqualTo(1);
    assertThat(task.size()).isEqualTo(4);
    assertThat(Objects.requireNonNull(result.needle()).perfect()).isTrue();
    assertThat(result.items().getFirst().output().get("prompt").asText()).startsWith("The word is").endsWith("The word is");
  }

  @Test void promptsAreHashed() {
    var one = new ChoiceTask("one", List.of(choice("a", 0, "cat", "dog")));
    var logProbs = Map.of("cat", -4.0, "dog", -6.0);
    var first = one.run(scripted(logProbs).model(), EvalProgress.NONE);
    // printf 'Question:\0 cat\0Question:\0 dog\0' | sha256sum
    assertThat(first.prompts()).isEqualTo("029a5371ef3fe94adc25c918fb903045a3637fe78a17113a0934898352067de0");
    assertThat(new ChoiceTask("two", List.of(choice("b", 1, "cat", "dog"))).run(scripted(logProbs).model(), EvalProgress.NONE).prompts())
        .isEqualTo(first.prompts());
    assertThat(new ChoiceTask("two", List.of(choice("b", 1, "dog", "cat"))).run(scripted(logProbs).model(), EvalProgress.NONE).prompts())
        .isNotEqualTo(first.prompts());
  }

  @Test void twoModelsItemByItem() {
    var items = List.of(choice("a", 0, "cat", "dog"), choice("b", 1, "fox", "owl"), choice("c", 0, "bird", "bear"));
    var task = new ChoiceTask("animals", items);
    var right = task.run(scripted(Map.of("cat", -1.0, "dog", -2.0, "fox", -2.0, "owl", -1.0, "bird", -1.0, "bear", -3.0)).model(), EvalProgress.NONE);
    var wrong = task.run(scripted(Map.of("cat", -2.0, "dog", -1.0, "fox", -1.0, "owl", -2.0, "bird", -1.0, "bear", -3.0)).model(), EvalProgress.NONE);
    var figure = Comparison.of(wrong, right).figures().getFirst();
    assertThat(figure.test().name()).isEqualTo("McNemar exact");
    assertThat(figure.test().difference()).isCloseTo(2.0 / 3, within(1e-15));
    assertThat(figure.test().p()).isEqualTo(0.5);                                               // two of two: 2 · (1/2)²
    var other = new ChoiceTask("animals", items.subList(0, 2))
        .run(scripted(Map.of("cat", -1.0, "dog", -2.0, "fox", -2.0, "owl", -1.0)).model(), EvalProgress.NONE);
    assertThatIllegalArgumentException().isThrownBy(() -> Comparison.of(wrong, other)).withMessageContaining("not asked the same");
    var words = new CompletionTask("w", List.of(new CompletionTask.Item("a", new Prompted("A", " cat")), new CompletionTask.Item("b", new Prompted("A", " dog"))));
    var costs = Comparison.of(words.run(scripted(Map.of("cat", -1.0, "dog", -2.0)).model(), EvalProgress.NONE),
        words.run(scripted(Map.of("cat", -1.5, "dog", -3.5)).model(), EvalProgress.NONE));
    assertThat(costs.figures().get(1).test().name()).isEqualTo("paired t");
    assertThat(costs.figures().get(1).test().difference()).isCloseTo(1, within(1e-15));
  }

  @Test void partsTogether() {
    var logProbs = Map.of("cat", -4.0, "dog", -6.0);
    var parts = List.of(
        new ChoiceTask("t/a", List.of(choice("a", 0, "cat", "dog"))).run(scripted(logProbs).model(), EvalProgress.NONE),
        new ChoiceTask("t/b", List.of(choice("b", 1, "cat", "dog"), choice("c", 0, "cat", "dog"))).run(scripted(logProbs).model(), EvalProgress.NONE));
    var all = Pooled.of("t", parts);
    assertThat(all.metric("acc").estimate().value()).isCloseTo(2.0 / 3, within(1e-15));
    assertThat(all.metric("acc").estimate().n()).isEqualTo(3);
    assertThat(all.items()).hasSize(3);
    assertThat(all.tokens()).isEqualTo(14);
  }
}
