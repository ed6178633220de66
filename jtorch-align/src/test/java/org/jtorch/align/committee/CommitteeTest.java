package org.jtorch.align.committee;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.ChatSet;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.Reward;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.align.sampling.Criteria;
import org.jtorch.align.sampling.Drawing;
import org.jtorch.align.sampling.RejectionSampling;
import org.jtorch.align.sampling.SampleFiles;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatFormat;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.nn.Init;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.text.Tokenizer;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Committees of models that speak.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CommitteeTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Criteria CUT_TOO = new Criteria(List.of(), false, 0, Double.NEGATIVE_INFINITY, 0);
  /// The more letters e, the better.
  private static final Reward ES = answers -> answers.stream().mapToDouble(a -> a.text().chars().filter(c -> c == 'e').count()).toArray();
  private Tokenizer tokenizer;
  private ChatEncoder encoder;

  @BeforeAll @SuppressWarnings("MustBeClosedChecker") void begin(@TempDir Path temp) {
    tokenizer = TinyPolicy.load(temp);
    encoder = new ChatEncoder(tokenizer, ChatTemplate.of(ChatFormat.CHATML, tokenizer), List.of((long) tokenizer.requireId("<|im_end|>")), 64);
  }

  @AfterAll void close() {
    tokenizer.close();
  }

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private Decoder model(long seed) {
    var model = Decoder.create(Llama.shape(tokenizer.vocabSize(), 32, 64, 2, 2, 1, 16, 128, new Rope(10_000, RopeScaling.NONE), 1e-5, true)
        .withInit(new Init.Normal(0.3)), Device.CPU, DType.F32, Rng.of(seed));
    model.requiresGrad(true);
    return model;
  }

  private List<Prompt> prompts(int n) {
    return IntStream.range(0, n).mapToObj(i -> {
      var chat = Chat.of(List.of(new Message("user", "What is " + i + " plus one?")));
      return new Prompt(chat, encoder.prompt(chat, "", new Problems()).orElseThrow(), null, "prompts.jsonl:" + (i + 1));
    }).toList();
  }

  private Options options(int tokens, long seed) {
    return new Options(tokens, Sampling.temperature(1), Set.copyOf(encoder.stops()), seed, encoder.stops().getFirst());
  }

  /// A member whose model lives only while it answers, and is asked to stop after so many batches.
  private Member member(long seed, int answers, int[] left) {
    return new Member("model-" + seed, (prompts, files) -> {
      try (var model = model(seed)) {
        return new RejectionSampling(model, encoder, RewardSum.of("es", ES), CUT_TOO, Drawing.of(answers, options(6, seed), 2))
            .run(prompts, files, RejectionSampling.Progress.NONE, () -> left[0]-- == 0);
      }
    });
  }

  private Committee committee(Path folder, int answers, int batches) {
    int[] left = {batches};
    return new Committee(List.of(member(1, answers, left), member(2, answers, left), member(3, answers, left)), folder);
  }

  private static List<JsonNode> rows(Path file) throws IOException {
    var rows = new ArrayList<JsonNode>();
    for (String line : Files.readAllLines(file)) {
      rows.add(JSON.readTree(line));
    }
    return rows;
  }

  @Test void theBestOfAllAnswersIsWrittenWithItsGiver(@TempDir Path temp) throws IOException {
    var won = committee(temp.resolve("work"), 4, -1).distil(prompts(12), temp.resolve("answers")).orElseThrow();
    assertThat(won.winners().stream().distinct()).as("each wins somewhere").hasSize(3);
    assertThat(won.reward()).isGreaterThan(won.figures().get("best_member"));
    var manifest = rows(temp.resolve("answers").resolve(SampleFiles.MANIFEST));
    var read = ChatSet.read(temp.resolve("answers").resolve(SampleFiles.ANSWERS)).conversations();
    assertThat(manifest).hasSize(12);
    assertThat(read).hasSize(12);
    for (int x = 0; x < 12; x++) {
      var line = manifest.get(x);
      double most = line.path("members").valueStream().mapToDouble(m -> m.path("best").doubleValue()).max().orElseThrow();
      assertThat(line.path("reward").doubleValue()).isEqualTo(most);
      assertThat(line.path("member").asText()).isEqualTo(won.members().get(won.winner(x)));
      assertThat(read.get(x).chat().messages().getFirst().text()).isEqualTo("What is " + x + " plus one?");
      String answer = read.get(x).chat().messages().getLast().text();
      assertThat((double) answer.chars().filter(c -> c == 'e').count()).isEqualTo(most);
    }
    assertThat(SampleFiles.isIn(temp.resolve("answers"))).isTrue();
  }

  @Test void whoeverIsCutOffGoesOnToTheSameBytes(@TempDir Path temp) throws IOException {
    assertThat(committee(temp.resolve("whole"), 2, -1).distil(prompts(5), temp.resolve("whole-answers"))).isPresent();
    int runs = 1;
    while (committee(temp.resolve("killed"), 2, 2).distil(prompts(5), temp.resolve("killed-answers")).isEmpty()) {
      runs++;
    }
    assertThat(runs).as("nine batches, two a run").isBetween(4, 6);
    for (String file : List.of(SampleFiles.ANSWERS, SampleFiles.MANIFEST)) {
      assertThat(Files.mismatch(temp.resolve("whole-answers").resolve(file), temp.resolve("killed-answers").resolve(file))).as(file).isEqualTo(-1);
    }
  }

  @Test void pairsAreOfTwoMembersAndSayHowClearTheyAre(@TempDir Path temp) throws IOException {
    var levels = new Levels(2.5, 1.5, 0.5, 0);
    var tally = committee(temp.resolve("work"), 4, -1).collect(prompts(30), levels, 4, temp.resolve("pairs")).orElseThrow();
    assertThat(tally.pairs() + tally.alike() + tally.silent()).isEqualTo(30);
    assertThat(tally.pairs()).isGreaterThan(8);
    var rows = rows(temp.resolve("pairs").resolve(SampleFiles.PAIRS));
    assertThat(rows).hasSize(tally.pairs()).allSatisfy(row -> {
      assertThat(row.path("members").path(0)).isNotEqualTo(row.path("members").path(1));
      long better = row.path("chosen").path(0).path("content").asText().chars().filter(c -> c == 'e').count();
      long worse = row.path("rejected").path(0).path("content").asText().chars().filter(c -> c == 'e').count();
      assertThat(row.path("margin").doubleValue()).isPositive().isEqualTo(better - worse);
      assertThat(row.path("level").asText()).isEqualTo(levels.of(better - worse).words());
    });
    assertThat(rows.stream().flatMap(r -> r.path("members").valueStream()).distinct()).hasSize(3);
    var comparisons = ChatSet.read(temp.resolve("pairs")).only(Example.Comparison.class);
    assertThat(comparisons).hasSize(tally.pairs()).allSatisfy(c -> assertThat(c.level()).isNotNull());
    var again = committee(temp.resolve("work"), 4, -1).collect(prompts(30), new Levels(2.5, 1.5, 0.5, 3), 4, temp.resolve("noisy")).orElseThrow();
    assertThat(again.alike()).as("noise leaves no ties but of the same words").isLessThan(tally.alike());
  }

  @Test void whatCannotBeIsSaid(@TempDir Path temp) {
    var alone = new Member("a", (_, _) -> true);
    assertThatThrownBy(() -> new Committee(List.of(), temp)).hasMessageContaining("give one at least");
    assertThatThrownBy(() -> new Committee(List.of(alone, alone), temp)).hasMessageContaining("two members are called \"a\"");
    assertThatThrownBy(() -> new Committee(List.of(alone), temp).collect(List.of(), new Levels(3, 2, 1, 0), 1, temp.resolve("p")))
        .hasMessageContaining("a pair needs two members but there is 1");
  }

  // ---- learning

  private double mean(Decoder model, List<Prompt> prompts) {
    var answers = new Rollouts(16, options(6, 77), ids -> tokenizer.decode(ids, true)).sample(model, prompts, 0);
    double sum = 0;
    for (double r : ES.of(answers)) {
      sum += r;
    }
    return sum / answers.size();
  }

  @Test void aStudentOfTheCommitteeIsRewardedMoreThanAnyMember(@TempDir Path temp) {
    var prompts = prompts(12);
    var won = committee(temp.resolve("work"), 16, -1).distil(prompts, temp.resolve("answers")).orElseThrow();
    double members = won.scores().stream().mapToDouble(WhoWon.Score::mean).max().orElseThrow();
    try (var student = model(9); var adam = TinyPolicy.adam(student)) {
      double before = mean(student, prompts);
      var rows = encoder.rows(ChatSet.read(temp.resolve("answers").resolve(SampleFiles.ANSWERS)).conversations(), new Problems());
      new Pretrainer(student, adam, new ExampleBatches<>(1, 12, rows, new Collator(64, 8)::batch), TinyPolicy.options(100, 1e-2))
          .fit(Progress.START, new TinyPolicy.Recorder(), TinyPolicy.NO_HOOKS);
      assertThat(mean(student, prompts)).as("before: %s, its teachers: %s", before, members).isGreaterThan(2 * members).isGreaterThan(3 * before);
    }
  }
}
