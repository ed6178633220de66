package org.jtorch.align.sampling;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.ChatSet;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.check.MathAnswer;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.Reward;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.align.rollout.Rollouts;
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
import org.jtorch.generate.Generation;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.nn.Init;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RejectionSamplingTest {
  private static final ObjectMapper JSON = new ObjectMapper();
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
  private Decoder model() {
    var model = Decoder.create(Llama.shape(tokenizer.vocabSize(), 32, 64, 2, 2, 1, 16, 128, new Rope(10_000, RopeScaling.NONE), 1e-5, true)
        .withInit(new Init.Normal(0.3)), Device.CPU, DType.F32, Rng.of(1));
    model.requiresGrad(true);
    return model;
  }

  private Prompt prompt(int i, @Nullable String topic) {
    var chat = Chat.of(List.of(new Message("user", "What is " + i + " plus one?")));
    long[] ids = encoder.prompt(chat, "", new Problems()).orElseThrow();
    return new Prompt(chat, ids, Integer.toString(i + 1), topic, "prompts.jsonl:" + (i + 1));
  }

  private List<Prompt> prompts(int n) {
    return IntStream.range(0, n).mapToObj(i -> prompt(i, i % 2 == 0 ? "even" : "odd")).toList();
  }

  private Options options(int tokens) {
    return new Options(tokens, Sampling.temperature(1), Set.copyOf(encoder.stops()), 5, encoder.stops().getFirst());
  }

  private static Criteria cutToo(int perTopic) {
    return new Criteria(List.of(), false, 0, Double.NEGATIVE_INFINITY, perTopic);
  }

  private static boolean run(RejectionSampling sampling, List<Prompt> prompts, Path folder, int batches) {
    int[] left = {batches};
    try (var files = SampleFiles.open(folder, true)) {
      return sampling.run(prompts, files, RejectionSampling.Progress.NONE, () -> left[0]-- == 0);
    }
  }

  private static List<JsonNode> rows(Path folder, String file) throws IOException {
    var rows = new ArrayList<JsonNode>();
    for (String line : Files.readAllLines(folder.resolve(file))) {
      rows.add(JSON.readTree(line));
    }
    return rows;
  }

  // ---- choosing

  private static Sample sample(String text, double total, boolean stopped) {
    var prompt = new Prompt(Chat.of(List.of(new Message("user", "q"))), new long[] {1}, "7", "p.jsonl:1");
    var answer = new Answer(prompt, new Generation(new long[3], new float[3], new float[3], stopped), text);
    return Sample.of(answer, 0, 1).total(total);
  }

  private static Choice choose(double threshold, Sample... samples) {
    return Choice.of(0, samples[0].answer().prompt(), List.of(samples), threshold);
  }

  @Test void theBestWinsAndTheFirstOfEqualOnes() {
    var choice = choose(Double.NEGATIVE_INFINITY, sample("a", 1, true), sample("b", 3, true), sample("c", 3, true), sample("d", -2, true),
        sample("e", Double.NaN, true), sample("f", 9, true).because("did not stop").total(Double.NaN));
    assertThat(choice.best()).isOne();
    assertThat(choice.worst()).isEqualTo(3);
    assertThat(choice.why()).isEqualTo("reward 3.0, the best of 4 of 6 answers");
    assertThat(choice.samples().get(4).dropped()).isEqualTo("cannot be judged");
  }

  @Test void equalRewardsMakeNoPairAndLowOnesNoRow() {
    assertThat(choose(Double.NEGATIVE_INFINITY, sample("a", 1, true), sample("b", 1, true)).worst()).isEqualTo(Choice.NONE);
    var low = choose(2, sample("a", 1, true), sample("b", 0, true));
    assertThat(low.isKept()).isFalse();
    assertThat(low.why()).isEqualTo("the best reward, 1.0, is below the threshold, 2.0");
  }

  /// As the committees of AFM (iTeC) choose: the best answer to each prompt, whoever gave it.
  @Test void choosingPromptByPromptIsNeverWorseThanTheBestMember() {
    var random = new SplittableRandom(11);
    int members = 4;
    int each = 3;
    double[] bestOf = new double[members];
    double chosen = 0;
    for (int prompt = 0; prompt < 200; prompt++) {
      var samples = new ArrayList<Sample>();
      double[] best = new double[members];
      for (int m = 0; m < members; m++) {
        for (int i = 0; i < each; i++) {
          double reward = random.nextInt(10);
          best[m] = Math.max(best[m], reward);
          samples.add(sample(m + " " + i, reward, true));
        }
        bestOf[m] += best[m];
      }
      var choice = choose(Double.NEGATIVE_INFINITY, samples.toArray(Sample[]::new));
      double most = Arrays.stream(best).max().orElseThrow();
      assertThat(choice.samples().get(choice.best()).total()).isEqualTo(most);
      assertThat(choice.best() / each).as("of equal ones the first member's").isEqualTo(IntStream.range(0, members).filter(m -> best[m] == most)
          .findFirst().orElseThrow());
      chosen += most;
    }
    assertThat(chosen).isGreaterThan(Arrays.stream(bestOf).max().orElseThrow());
  }

  @Test void repetitionsAndAnswersThatDidNotStopAreDropped() {
    var left = Choice.distinct(List.of(sample("a", 0, true), sample(" a\n", 0, true), sample("b", 0, false), sample(" ", 0, true), sample("b", 0, true)), true);
    assertThat(left).extracting(Sample::dropped).containsExactly(null, "repeats answer 0", "did not stop", "is empty", null);
    assertThat(Choice.distinct(List.of(sample("b", 0, false), sample("b", 0, true)), false)).extracting(Sample::dropped)
        .containsExactly(null, "repeats answer 0");
  }

  @Test void onlyTheResultOfMostAnswersIsLeftWhereTheyAgree() {
    var samples = List.of(sample("so 7", 0, true), sample("it is 7.0", 0, true), sample("8", 0, true), sample("#### 7", 0, true));
    assertThat(Choice.agreeing(samples, 0.75)).extracting(Sample::dropped).containsExactly(null, null, "comes to another result than 3 answers", null);
    assertThat(Choice.agreeing(samples, 0.8)).extracting(Sample::dropped).containsOnly("too few answers agree");
  }

  @Test void checkersComeBeforeRewards() {
    var checker = new Checker("math", new MathAnswer(false), 1);
    assertThat(Choice.checked(sample("8", 0, true), checker, 0).dropped()).isEqualTo("math 0.0 < 1.0");
    assertThat(Choice.checked(sample("7", 0, true), checker, 1).dropped()).isNull();
    assertThat(Choice.checked(sample("7", 0, true), checker, Double.NaN).dropped()).isEqualTo("math cannot judge it");
  }

  // ---- numbers

  @Test void theDivergenceIsThatOfThePapers() {
    assertThat(RejectionSampling.divergence(10)).isCloseTo(1.40, within(0.005));
    assertThat(RejectionSampling.divergence(30)).isCloseTo(2.43, within(0.005));
    assertThat(RejectionSampling.divergence(1)).isZero();
  }

  /// Of `outcomes` equally probable ones, in their order of rewards.
  private static double divergence(int outcomes, int k) {
    double kl = 0;
    for (int i = 0; i < outcomes; i++) {
      double p = Math.pow((i + 1.0) / outcomes, k) - Math.pow((double) i / outcomes, k);
      kl += p == 0 ? 0 : p * Math.log(p * outcomes);
    }
    return kl;
  }

  @ParameterizedTest @ValueSource(ints = {2, 4, 10, 30}) void itBoundsTheBestOfKAndIsReachedByManyOutcomes(int k) {
    assertThat(divergence(10, k)).isLessThan(RejectionSampling.divergence(k));
    assertThat(divergence(100_000, k)).isCloseTo(RejectionSampling.divergence(k), within(1e-3)).isLessThanOrEqualTo(RejectionSampling.divergence(k));
  }

  /// The probabilities of a first token, by the words that it makes.
  private Map<String, Double> words(Decoder model, Prompt prompt) {
    var words = new HashMap<String, Double>();
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      double[] p = model.apply(Ops.of(prompt.tokens(), Device.CPU, 1, prompt.tokens().length), Pass.EMPTY).narrow(1, prompt.tokens().length - 1, 1)
          .softmax(2).to(DType.F64).contiguous().toDoubles();
      for (int id = 0; id < p.length; id++) {
        words.merge(tokenizer.decode(new long[] {id}, true).strip(), p[id], Double::sum);
      }
    }
    return words;
  }

  @Test void whatIsKeptIsDistributedAsTheBestOfK(@TempDir Path temp) throws IOException {
    int k = 4;
    int n = 400;
    Reward order = answers -> answers.stream().mapToDouble(a -> a.text().strip().hashCode()).toArray();
    try (var model = model()) {
      var one = prompt(3, null);
      var sampling = new RejectionSampling(model, encoder, RewardSum.of("order", order), cutToo(0), Drawing.of(k, options(1), 50));
      assertThat(run(sampling, IntStream.range(0, n).mapToObj(_ -> one).toList(), temp, -1)).isTrue();
      var sorted = new TreeMap<Integer, Double>();
      var p = words(model, one);
      p.forEach((word, chance) -> {
        if (!word.isEmpty()) {
          sorted.merge(word.hashCode(), chance, Double::sum);
        }
      });
      double below = p.getOrDefault("", 0.0);                                  // an empty answer loses against every other
      double none = Math.pow(below, k);
      double kl = 0;
      double mean = 0;
      double square = 0;
      var quantile = new HashMap<Integer, Double>();
      for (var each : sorted.entrySet()) {
        double best = (Math.pow(below + each.getValue(), k) - Math.pow(below, k)) / (1 - none);
        below += each.getValue();
        quantile.put(each.getKey(), below);
        kl += best == 0 ? 0 : best * Math.log(best / each.getValue());
        mean += best * below;
        square += best * below * below;
      }
      assertThat(kl).isPositive().isLessThanOrEqualTo(RejectionSampling.divergence(k));
      double drawn = 0;
      var kept = rows(temp, SampleFiles.ANSWERS);
      for (var row : kept) {
        drawn += quantile.getOrDefault(row.path("messages").path(1).path("content").asText().hashCode(), Double.NaN);
      }
      assertThat(drawn / kept.size()).isCloseTo(mean, within(4 * Math.sqrt((square - mean * mean) / kept.size())));
      assertThat(drawn / kept.size()).as("far above a single answer's").isGreaterThan(0.6);
    }
  }

  // ---- files

  @Test void theManifestSaysWhyAndTheDataCanBeReadBack(@TempDir Path temp) throws IOException {
    try (var model = model()) {
      var sampling = new RejectionSampling(model, encoder, RewardSum.of("es", ES), cutToo(0), Drawing.of(5, options(6), 3));
      assertThat(run(sampling, prompts(7), temp, -1)).isTrue();
      var manifest = rows(temp, SampleFiles.MANIFEST);
      assertThat(manifest).hasSize(7);
      assertThat(manifest.get(2).path("place").asText()).isEqualTo("prompts.jsonl:3");
      assertThat(manifest.get(2).path("topic").asText()).isEqualTo("even");
      assertThat(manifest.get(2).path("answers")).hasSize(5);
      assertThat(manifest.get(2).path("why").asText()).startsWith("reward ").contains("the best of ", " of 5 answers");
      int best = manifest.get(2).path("best").asInt();
      double most = manifest.get(2).path("answers").path(best).path("rewards").path("es").asDouble();
      assertThat(manifest.get(2).path("answers").valueStream().mapToDouble(a -> a.path("total").asDouble(-1)).max()).hasValue(most);
      var read = ChatSet.read(temp.resolve(SampleFiles.ANSWERS));
      assertThat(read.conversations()).hasSize(7);
      assertThat(read.conversations().get(2).chat().messages().getFirst().text()).isEqualTo("What is 2 plus one?");
      var pairs = ChatSet.read(temp.resolve(SampleFiles.PAIRS)).only(Example.Comparison.class);
      assertThat(pairs).isNotEmpty().allSatisfy(p -> assertThat(p.margin()).isPositive());
    }
  }

  @Test void aRunThatWasCutOffAnywhereEndsInTheSameBytes(@TempDir Path temp) throws IOException {
    try (var model = model()) {
      var drawing = new Drawing(3, options(5), 0.5, 1.5, List.of("", "Be brief."), 2);
      var sampling = new RejectionSampling(model, encoder, RewardSum.of("es", ES), cutToo(3), drawing);
      Path whole = temp.resolve("whole");
      assertThat(run(sampling, prompts(9), whole, -1)).isTrue();
      var manifest = rows(whole, SampleFiles.MANIFEST);
      assertThat(manifest.stream().filter(r -> r.path("kept").asBoolean())).as("three of each topic").hasSize(6);
      assertThat(manifest.get(8).path("why").asText()).isEqualTo("there are 3 of the topic \"even\" already");
      assertThat(manifest.getFirst().path("answers")).hasSize(6);
      assertThat(manifest.getFirst().path("answers").path(5).path("round").asInt()).isOne();
      assertThat(manifest.stream().limit(6).map(r -> r.path("answers").path(0).path("temperature").asDouble()).distinct()).hasSize(6)
          .allSatisfy(t -> assertThat(t).isBetween(0.5, 1.5));
      Path killed = temp.resolve("killed");
      for (int done = 1; done < 5; done++) {
        assertThat(run(sampling, prompts(9), killed, 1)).isFalse();
        Files.writeString(killed.resolve(SampleFiles.ANSWERS), "{\"messages\": []}\n{\"mess", UTF_8, StandardOpenOption.APPEND);
        Files.writeString(killed.resolve(SampleFiles.MANIFEST), done % 2 == 0 ? "{\"prompt\"" : "", UTF_8, StandardOpenOption.APPEND);
      }
      assertThat(run(sampling, prompts(9), killed, -1)).isTrue();
      for (String file : List.of(SampleFiles.ANSWERS, SampleFiles.PAIRS, SampleFiles.MANIFEST)) {
        assertThat(Files.mismatch(whole.resolve(file), killed.resolve(file))).as(file).isEqualTo(-1);
      }
      assertThat(run(sampling, prompts(9), killed, 0)).as("nothing is left to do").isTrue();
    }
  }

  @Test void aRoundsSystemPromptFollowsTheConversationsOwn() {
    var chat = Chat.of(List.of(new Message("system", "Sum."), new Message("user", "q")));
    assertThat(RejectionSampling.steered(chat, "Be brief.").messages().getFirst().text()).isEqualTo("Sum.\n\nBe brief.");
    assertThat(RejectionSampling.steered(Chat.of(List.of(new Message("user", "q"))), "Be brief.").messages()).extracting(Message::role)
        .containsExactly("system", "user");
  }

  // ---- learning

  private double mean(Decoder model, List<Prompt> prompts) {
    var answers = new Rollouts(16, options(8).withSeed(77), ids -> tokenizer.decode(ids, true)).sample(model, prompts, 0);
    double sum = 0;
    for (double r : ES.of(answers)) {
      sum += r;
    }
    return sum / answers.size();
  }

  @Test void aModelThatImitatesItsBestAnswersIsRewardedMore(@TempDir Path temp) {
    try (var model = model(); var adam = TinyPolicy.adam(model)) {
      var prompts = prompts(12);
      double before = mean(model, prompts);
      var sampling = new RejectionSampling(model, encoder, RewardSum.of("es", ES), cutToo(0), Drawing.of(16, options(8), 12));
      assertThat(run(sampling, prompts, temp, -1)).isTrue();
      var rows = encoder.rows(ChatSet.read(temp.resolve(SampleFiles.ANSWERS)).conversations(), new Problems());
      new Pretrainer(model, adam, new ExampleBatches<>(1, 12, rows, new Collator(64, 8)::batch), TinyPolicy.options(100, 1e-2))
          .fit(Progress.START, new TinyPolicy.Recorder(), TinyPolicy.NO_HOOKS);
      assertThat(mean(model, prompts)).as("before: " + before).isGreaterThan(3 * before);
    }
  }
}
