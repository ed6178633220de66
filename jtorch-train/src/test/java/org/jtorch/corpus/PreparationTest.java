package org.jtorch.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jtorch.corpus.Preparation.Effort;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PreparationTest {
  private static final Effort SMALL = new Effort(2, 3_000, 8_000);

  @TempDir Path dir;
  private Path tokenizer = Path.of("");
  private CorpusSpec spec = new CorpusSpec(List.of(Part.only(new org.jtorch.data.Jsonl(Path.of("x"), "x"))),
      new TokenizerOrigin.Given(Path.of("x"), "x"), new HeldOut.Share(0, 0), null);

  @BeforeEach void twoSources() throws IOException {
    tokenizer = Texts.tokenizer(dir.resolve("tokenizer"));
    var parts = List.of(new Part("web", 3, Texts.lines(dir.resolve("web/a.txt"), Texts.documents(300, 1))),
        new Part("books", 1, Texts.lines(dir.resolve("books.txt"), Texts.documents(200, 2))));
    spec = new CorpusSpec(parts, new TokenizerOrigin.Learned(330, Texts.EOS, List.of("<|im_start|>"), 20_000, 1),
        new HeldOut.Share(0.1, 3_000), null);
  }

  private static boolean run(CorpusSpec spec, Path folder, Effort effort, BooleanSupplier stop) {
    return new Preparation(spec, folder, effort).run(_ -> {}, stop);
  }

  @ParameterizedTest @ValueSource(ints = {1, 5}) void threadsAndBatchesDoNotMatter(int threads) throws IOException {
    Texts.prepare(spec, dir.resolve("whole"));
    assertThat(run(spec, dir.resolve("cut"), new Effort(threads, 700L * threads, 2_000), () -> false)).isTrue();
    assertThat(Texts.bits(dir.resolve("cut"))).isEqualTo(Texts.bits(dir.resolve("whole"))).containsKeys("train-web/tokens.bin",
        "train-books/documents.bin", "validation/tokens.bin", "held-out.txt", "prepared.json", "tokenizer/tokenizer.json");
  }

  /// Asked to stop before the n-th batch, again and again.
  @ParameterizedTest @ValueSource(ints = {3, 9}) void stoppedAndContinuedItHasTheSameBits(int batches) throws IOException {
    Texts.prepare(spec, dir.resolve("whole"));
    int attempts = attempts(dir.resolve("stopped"), batches, () -> true);
    assertThat(attempts).isGreaterThan(1);
    assertThat(Texts.bits(dir.resolve("stopped"))).isEqualTo(Texts.bits(dir.resolve("whole")));
  }

  /// Cut off without a chance to write anything, as by a kill.
  @ParameterizedTest @ValueSource(ints = {9, 20}) void cutOffAndContinuedItHasTheSameBits(int batches) throws IOException {
    Texts.prepare(spec, dir.resolve("whole"));
    int attempts = attempts(dir.resolve("cut off"), batches, () -> {
      throw new IllegalStateException("killed");
    });
    assertThat(attempts).isGreaterThan(1);
    assertThat(Texts.bits(dir.resolve("cut off"))).isEqualTo(Texts.bits(dir.resolve("whole")));
  }

  private int attempts(Path folder, int batches, BooleanSupplier end) {
    for (int attempt = 1; attempt < 200; attempt++) {
      var asked = new AtomicInteger();
      try {
        // the survey alone is never cut off, or it would not come to its end
        if (run(spec, folder, SMALL, () -> surveyed(folder) && asked.incrementAndGet() > batches && end.getAsBoolean())) {
          return attempt;
        }
      } catch (IllegalStateException e) {
        assertThat(e).hasMessage("killed");
      }
    }
    throw new AssertionError("it never came to its end");
  }

  private static boolean surveyed(Path folder) {
    return Files.exists(folder.resolve("validation"));
  }

  @Test void stoppedWhileSurveyingItBeginsAgain() throws IOException {
    Texts.prepare(spec, dir.resolve("whole"));
    assertThat(run(spec, dir.resolve("cut"), SMALL, () -> Files.exists(dir.resolve("cut/preparing.json")))).isFalse();
    Texts.prepare(spec, dir.resolve("cut"));
    assertThat(Texts.bits(dir.resolve("cut"))).isEqualTo(Texts.bits(dir.resolve("whole")));
  }

  private static int stopAt(int batches, AtomicInteger asked) {
    return asked.incrementAndGet() - batches;
  }

  @Test void textThatChangedMeanwhileIsBegunAgain() throws IOException {
    var asked = new AtomicInteger();
    assertThat(run(spec, dir.resolve("p"), SMALL, () -> surveyed(dir.resolve("p")) && stopAt(5, asked) > 0)).isFalse();
    Texts.lines(dir.resolve("books.txt"), Texts.documents(250, 2));
    var notes = new ArrayList<String>();
    assertThat(new Preparation(spec, dir.resolve("p"), SMALL).run(notes::add, () -> false)).isTrue();
    assertThat(notes.getFirst()).contains("changed").contains("beginning again");
    Texts.prepare(spec, dir.resolve("whole"));
    assertThat(Texts.bits(dir.resolve("p"))).isEqualTo(Texts.bits(dir.resolve("whole")));
  }

  @Test void damageBeforeTheMarkIsFound() throws IOException {
    var asked = new AtomicInteger();
    assertThat(run(spec, dir.resolve("p"), SMALL, () -> surveyed(dir.resolve("p")) && stopAt(9, asked) > 0)).isFalse();
    try (var file = new RandomAccessFile(dir.resolve("p/train-web/tokens.bin").toFile(), "rw")) {
      file.seek(100);
      int old = file.read();
      file.seek(100);
      file.write(old ^ 1);
    }
    assertThatThrownBy(() -> run(spec, dir.resolve("p"), SMALL, () -> false)).isInstanceOf(DataException.class)
        .hasMessageContaining("tokens.bin").hasMessageContaining("damaged");
  }

  @Test void twoAtOnceDoTheWorkOnce() throws IOException, InterruptedException, ExecutionException {
    Callable<List<String>> prepare = () -> {
      var notes = new ArrayList<String>();
      assertThat(new Preparation(spec, dir.resolve("both"), SMALL).run(notes::add, () -> false)).isTrue();
      return notes;
    };
    try (var pool = Executors.newFixedThreadPool(2)) {
      var first = pool.submit(prepare);
      var second = pool.submit(prepare);
      assertThat(List.of(first.get(), second.get())).as("one of them trained a tokenizer")
          .filteredOn(notes -> notes.stream().anyMatch(n -> n.startsWith("training a tokenizer"))).hasSize(1);
    }
    Texts.prepare(spec, dir.resolve("whole"));
    assertThat(Texts.bits(dir.resolve("both"))).isEqualTo(Texts.bits(dir.resolve("whole")));
  }

  @Test void filesOfOthersAreLeftAlone() throws IOException {
    Path thesis = Files.writeString(Files.createDirectories(dir.resolve("mine")).resolve("thesis.txt"), "years of work");
    assertThatThrownBy(() -> run(spec, dir.resolve("mine"), SMALL, () -> false)).isInstanceOf(DataException.class)
        .hasMessageContaining("thesis.txt").hasMessageContaining("new folder");
    assertThat(thesis).hasContent("years of work");
  }

  @Test void anUnfinishedFolderIsNotOpened() {
    run(spec, dir.resolve("p"), SMALL, () -> Files.exists(dir.resolve("p/preparing.json")));
    assertThatThrownBy(() -> PreparedCorpus.open(dir.resolve("p"))).isInstanceOf(DataException.class)
        .hasMessageContaining("jtorch data prepare");
  }

  @Test void theKeyFollowsFromWhatTheTokensAreMadeOf() throws IOException {
    String key = spec.key();
    assertThat(new CorpusSpec(spec.parts(), spec.tokenizer(), spec.heldOut(), null).key()).isEqualTo(key);
    assertThat(List.of(new CorpusSpec(spec.parts(), spec.tokenizer(), new HeldOut.Share(0.1, 3_001), null).key(),
        new CorpusSpec(spec.parts().reversed(), spec.tokenizer(), spec.heldOut(), null).key(),
        new CorpusSpec(spec.parts(), new TokenizerOrigin.Given(tokenizer, Texts.EOS), spec.heldOut(), null).key(),
        new CorpusSpec(spec.parts(), spec.tokenizer(), spec.heldOut(), spec.parts().getFirst().source()).key()))
        .doesNotContain(key).doesNotHaveDuplicates();
    Texts.lines(dir.resolve("books.txt"), Texts.documents(201, 2));
    assertThat(spec.key()).isNotEqualTo(key);
  }

  @Test void ownTextsAreValidatedOnWhole() throws IOException {
    var mine = Texts.documents(20, 8);
    var own = new CorpusSpec(spec.parts(), spec.tokenizer(), spec.heldOut(), Texts.lines(dir.resolve("mine.txt"), mine));
    try (var corpus = Texts.prepared(own, dir.resolve("own"))) {
      assertThat(Texts.validation(corpus)).isEqualTo(mine);
      assertThat(Texts.training(corpus)).hasSize(500);
    }
    assertThat(dir.resolve("own/held-out.txt")).hasContent(String.join("", mine));
  }

  /// Llama's way, here with the EOS in BOS's place.
  @Test void bosBeginsDocumentsAndIsNoTextToPredict() throws IOException {
    Path file = tokenizer.resolve("tokenizer.json");
    var json = JsonFile.open(file).node();
    String begun = "[{\"SpecialToken\": {\"id\": \"EOS\", \"type_id\": 0}}, {\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}]";
    String post = "{\"type\": \"TemplateProcessing\", \"single\": " + begun + ", \"pair\": " + begun
        + ", \"special_tokens\": {\"EOS\": {\"id\": \"EOS\", \"ids\": [0], \"tokens\": [\"EOS\"]}}}";
    ((ObjectNode) json).set("post_processor", new ObjectMapper().readTree(post.replace("EOS", Texts.EOS)));
    JsonFile.write(file, json);
    var source = Texts.lines(dir.resolve("bos.txt"), Texts.documents(100, 3));
    try (var corpus = Texts.prepared(Texts.spec(source, tokenizer), dir.resolve("bos"))) {
      corpus.sources().getFirst().tokens().forEachDocument(ids -> assertThat(ids).startsWith(0).endsWith(0).hasSizeGreaterThan(3));
      assertThat(corpus.validation().documents()).isPositive();
      assertThat(corpus.validationTokens()).isEqualTo(corpus.validation().tokens() - corpus.validation().documents());
    }
  }

  @Test void theTokenizersSampleIsBoundedAndDrawnFromEverySourceByWeight() {
    try (var pipeline = new BatchPipeline(2, 3_000)) {
      var survey = Objects.requireNonNull(Survey.of(spec, new Workplace(pipeline, _ -> {}, () -> false, System::nanoTime, 1)));
      assertThat(Texts.bytes(survey.sample())).isBetween(15_000L, 20_000L);
      long web = Texts.bytes(survey.sample().stream().filter(t -> t.contains(" of 1 ")).toList());
      assertThat((double) web / Texts.bytes(survey.sample())).isBetween(0.70, 0.80);
      assertThat(survey.sample().stream().map(TextHash::of)).noneMatch(survey.heldOut()::contains);
    }
  }
}
