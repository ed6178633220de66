package org.jtorch.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import org.jtorch.data.Document;
import org.jtorch.eval.task.Extraction;
import org.jtorch.eval.task.TextModel;
import org.jtorch.eval.task.TextTask;
import org.jtorch.eval.task.WritingTask;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A real small model, item for item against transformers, which was given one text at a time (eval/stories260K.json).
class StoriesReferenceTest {
  private static final long EOS = 2;
  private final JsonFile reference = JsonFile.open(Stories.resource("/eval/stories260K.json"));

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @ParameterizedTest @ValueSource(ints = {1, 3, 64}) void answersAreAsProbable(int rows) {
    var pairs = reference.objects("pairs");
    try (var tokenizer = Stories.tokenizer(); var model = Stories.model()) {
      var asked = new PromptEncoder(tokenizer, true, -1)
          .pairs(pairs.stream().map(p -> new Prompted(p.requiredString("context"), p.requiredString("continuation"))).toList());
      var found = new ModelScorer(model, new ModelScorer.Options(rows, 2_048, true)).likelihoods(asked, EvalProgress.NONE);
      for (int i = 0; i < pairs.size(); i++) {
        var p = pairs.get(i);
        String what = p.requiredString("kind") + " " + i;
        assertThat(asked.get(i).tokens()).as(what).isEqualTo(p.requiredLongs("tokens"));
        assertThat(asked.get(i).context()).as(what).hasSize(p.requiredInt("context_tokens"));
        assertThat(found.get(i).logProb()).as(what).isCloseTo(p.requiredDouble("log_prob"), within(2e-4));
        assertThat(found.get(i).greedy()).as(what).isEqualTo(p.requiredBoolean("greedy"));
      }
    }
  }

  @ParameterizedTest @ValueSource(ints = {0, 1, 2}) void textsCostAsMuch(int number) {
    var t = reference.objects("texts").get(number);
    var document = new Document(t.requiredString("text"), "story");
    try (var tokenizer = Stories.tokenizer(); var model = Stories.model()) {
      var task = new TextTask("story", List.of(document), t.requiredInt("window"), t.requiredInt("context"));
      var result = task.run(new TextModel(new ModelScorer(model), new PromptEncoder(tokenizer, true, -1), Set.of(EOS)), EvalProgress.NONE);
      var output = result.items().getFirst().output();
      assertThat(output.get("tokens").asInt()).isEqualTo(t.requiredInt("tokens"));
      assertThat(output.get("log_prob").asDouble()).isCloseTo(t.requiredDouble("log_prob"), within(2e-3));
      assertThat(result.metric("token_perplexity").estimate().value())
          .isCloseTo(Math.exp(-t.requiredDouble("log_prob") / t.requiredInt("tokens")), within(1e-4));
    }
  }

  @ParameterizedTest @ValueSource(ints = {0, 1, 2}) void theSameTextsAreWritten(int number) {
    var w = reference.objects("written").get(number);
    try (var tokenizer = Stories.tokenizer(); var model = Stories.model()) {
      var ways = new LinkedHashMap<String, Extraction>();
      ways.put(WritingTask.EXACT_MATCH, Extraction.WHOLE);
      var task = new WritingTask("story", List.of(new WritingTask.Item("s", w.requiredString("prompt"), List.of(w.requiredString("text")))),
          w.requiredStrings("until"), w.requiredInt("max_tokens"), ways);
      var result = task.run(new TextModel(new ModelScorer(model), new PromptEncoder(tokenizer, true, -1), Set.of(EOS)), EvalProgress.NONE);
      assertThat(result.items().getFirst().output().get("text").asText()).isEqualTo(w.requiredString("text"));
      assertThat(result.metric(WritingTask.EXACT_MATCH).estimate().value()).isEqualTo(1);
    }
  }
}
