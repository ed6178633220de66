package org.jtorch.align.sampling;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jtorch.align.Share;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.decoder.CausalLm;

/// Rejection sampling: of K answers to a prompt the best one is kept, to learn from (Llama 2, arXiv:2307.09288, section 3.2.3; Llama 3,
/// arXiv:2407.21783, section 4.2.2).
///
/// ```text
/// for x:  y_1 .. y_K ~ pi(. | x);  Y = those that checkers pass;  y* = argmax over Y of r(x, y);  keep (x, y*) if r(x, y*) >= threshold
/// ```
///
/// The best of K is a policy of its own, at most `ln K - (K - 1) / K` nats from the one that is sampled: [#divergence].
///
/// ```java
/// var sampling = new RejectionSampling(policy, encoder, rewards, Criteria.NONE, Drawing.of(8, options, 4));
/// try (var files = SampleFiles.open(folder, true, note)) {
///   sampling.run(prompts, files, Progress.NONE, () -> false);              // goes on where a killed run stopped
/// }
/// ```
///
/// How this differs from the papers: answers that a round's system prompt led to are kept without that prompt, so that the model learns
/// to answer so unasked.
public final class RejectionSampling {
  private final CausalLm policy;
  private final ChatEncoder encoder;
  private final RewardSum rewards;
  private final Criteria criteria;
  private final Drawing drawing;

  /// @param encoder of the policy's template, for prompts with a round's system prompt
  /// @param rewards whose sum decides
  public RejectionSampling(CausalLm policy, ChatEncoder encoder, RewardSum rewards, Criteria criteria, Drawing drawing) {
    this.policy = policy;
    this.encoder = encoder;
    this.rewards = rewards;
    this.criteria = criteria;
    this.drawing = drawing;
  }

  /// Hears how far it is.
  @FunctionalInterface
  public interface Progress {
    Progress NONE = (_, _, _, _) -> { };

    /// A batch is on the disk.
    ///
    /// @param batch its number, counted from 1
    /// @param tokens that were drawn for it
    /// @param figures means over the batch
    void batch(long batch, long tokens, double seconds, SequencedMap<String, Double> figures);
  }

  /// How far the best of K answers is from the policy that draws them, at most, in nats: `ln K - (K - 1) / K` for
  /// `KL(best of K || policy)`, which is exact if no answer is probable and no two are worth the same.
  public static double divergence(int answers) {
    return Math.log(answers) - (answers - 1.0) / answers;
  }

  /// Batches of so many prompts.
  public long batches(int prompts) {
    return Math.ceilDiv((long) prompts, drawing.batch());
  }

  /// Draws and chooses until all prompts are done; what is in the files already stays.
  ///
  /// @return false if it was asked to stop before
  public boolean run(List<Prompt> prompts, SampleFiles files, Progress progress, BooleanSupplier stop) {
    var parts = Share.parts(prompts, drawing.batch());
    for (int b = (int) files.begin(drawing.batch(), prompts.size()); b < parts.size(); b++) {
      if (stop.getAsBoolean()) {
        return false;
      }
      long started = System.nanoTime();
      var choices = batch(parts.get(b), (long) b * drawing.batch(), files);
      files.write(choices);
      long tokens = choices.stream().flatMap(c -> c.samples().stream()).mapToLong(s -> s.answer().length()).sum();
      progress.batch(b + 1L, tokens, (System.nanoTime() - started) / 1e9, figures(choices));
    }
    return true;
  }

  private List<Choice> batch(List<Prompt> prompts, long first, SampleFiles files) {
    var wanted = IntStream.range(0, prompts.size()).filter(i -> !files.isFull(prompts.get(i).topic(), criteria.perTopic())).boxed().toList();
    var samples = new LinkedHashMap<Integer, List<Sample>>();                                     // 1 draw
    wanted.forEach(i -> samples.put(i, new ArrayList<>()));
    for (int round = 0; round < drawing.systems().size(); round++) {
      draw(round, prompts, wanted, first, samples);
    }
    samples.replaceAll((_, all) -> Choice.distinct(all, criteria.complete()));                    // 2 drop repetitions
    for (var checker : criteria.checkers()) {                                                     // 3 check
      judged(samples, answers -> RewardSum.of(checker.name(), checker.reward()).each(answers),
          (sample, values) -> Choice.checked(sample, checker, values.getOrDefault(checker.name(), Double.NaN)));
    }
    if (criteria.agreement() > 0) {
      samples.replaceAll((_, all) -> Choice.agreeing(all, criteria.agreement()));
    }
    judged(samples, rewards::each, this::total);                                                  // 4 judge
    var choices = new ArrayList<Choice>();                                                        // 5 choose
    for (int i = 0; i < prompts.size(); i++) {
      var prompt = prompts.get(i);
      var drawn = samples.get(i);
      var choice = drawn == null ? null : Choice.of(first + i, prompt, drawn, criteria.threshold());
      boolean full = choice == null || choice.isKept() && !files.take(prompt.topic(), criteria.perTopic());
      choices.add(choice != null && !full ? choice
          : Choice.skipped(first + i, prompt, "there are " + criteria.perTopic() + " of the topic \"" + prompt.topic() + "\" already"));
    }
    return choices;
  }

  // ---- draw

  /// One round's answers to the wanted prompts of a batch: together if they share a temperature.
  private void draw(int round, List<Prompt> prompts, List<Integer> wanted, long first, Map<Integer, List<Sample>> into) {
    var places = new ArrayList<Integer>();
    var asked = new ArrayList<Prompt>();
    for (int i : wanted) {
      steered(prompts.get(i), drawing.systems().get(round)).ifPresent(prompt -> {
        places.add(i);
        asked.add(prompt);
      });
    }
    int together = drawing.isOneTemperature() ? Math.max(1, asked.size()) : 1;
    for (int from = 0; from < asked.size(); from += together) {
      double temperature = drawing.temperature(first + places.get(from));
      var rollouts = new Rollouts(drawing.answers(), drawing.of(round, temperature), tokens -> encoder.tokenizer().decode(tokens, true));
      var part = asked.subList(from, Math.min(asked.size(), from + together));
      var answers = rollouts.sample(policy, part, (first + from) * drawing.answers());
      for (int a = 0; a < answers.size(); a++) {
        int place = places.get(from + a / drawing.answers());
        var answer = new Answer(prompts.get(place), answers.get(a).generation(), answers.get(a).text());
        into.computeIfAbsent(place, _ -> new ArrayList<>()).add(Sample.of(answer, round, temperature));
      }
    }
  }

  /// A prompt with a round's words before it; empty if it grows too long.
  private Optional<Prompt> steered(Prompt prompt, String system) {
    if (system.isEmpty()) {
      return Optional.of(prompt);
    }
    Chat chat = steered(prompt.chat(), system);
    return encoder.prompt(chat, prompt.place(), new Problems()).map(ids -> new Prompt(chat, ids, prompt.solution(), prompt.topic(), prompt.place()));
  }

  /// Behind the system's own words, if the conversation has some.
  static Chat steered(Chat chat, String system) {
    var turns = new ArrayList<>(chat.messages());
    boolean own = !turns.isEmpty() && turns.getFirst().role().equals("system");
    String words = own ? turns.removeFirst().text() + "\n\n" + system : system;
    turns.addFirst(new Message("system", words));
    return chat.withMessages(turns);
  }

  // ---- judge

  /// Says what answers are worth, by name.
  private interface Judge {
    Map<String, double[]> of(List<Answer> answers);
  }

  private interface Verdict {
    Sample of(Sample sample, SequencedMap<String, Double> values);
  }

  /// All answers of a batch that nobody has dropped for what they are, judged together: also those that a checker dropped, because the worst
  /// answer of a pair may be one of them.
  private static void judged(Map<Integer, List<Sample>> samples, Judge judge, Verdict verdict) {
    var live = samples.values().stream().flatMap(List::stream).filter(RejectionSampling::isJudged).map(Sample::answer).toList();
    if (live.isEmpty()) {
      return;
    }
    var values = judge.of(live);
    int[] at = {0};
    samples.replaceAll((_, all) -> all.stream().map(s -> {
      if (!isJudged(s)) {
        return s;
      }
      var own = new LinkedHashMap<String, Double>();
      values.forEach((name, each) -> own.put(name, each[at[0]]));
      at[0]++;
      return verdict.of(s, own);
    }).toList());
  }

  private static boolean isJudged(Sample sample) {
    return sample.isLeft() || !sample.worth().isEmpty();
  }

  private Sample total(Sample sample, SequencedMap<String, Double> values) {
    double sum = 0;
    var judged = sample;
    for (var part : rewards.parts()) {
      double value = values.getOrDefault(part.name(), Double.NaN);
      sum += part.weight() * value;
      judged = judged.worth(part.name(), value);
    }
    return judged.total(sum);
  }

  // ---- figures

  private SequencedMap<String, Double> figures(List<Choice> choices) {
    var drawn = choices.stream().flatMap(c -> c.samples().stream()).toList();
    var figures = new LinkedHashMap<String, Double>();
    figures.put("kept", choices.stream().filter(Choice::isKept).count() / (double) choices.size());
    figures.put("reward_best", choices.stream().filter(Choice::isKept).mapToDouble(c -> c.samples().get(c.best()).total()).average().orElse(Double.NaN));
    figures.put("reward_mean", drawn.stream().mapToDouble(Sample::total).filter(t -> !Double.isNaN(t)).average().orElse(Double.NaN));
    figures.put("left", drawn.stream().mapToDouble(s -> s.isLeft() ? 1 : 0).average().orElse(Double.NaN));
    figures.put("answer_tokens", drawn.stream().mapToDouble(s -> s.answer().length()).average().orElse(Double.NaN));
    for (var part : rewards.parts()) {
      figures.put("reward_" + part.name(), drawn.stream().mapToDouble(s -> s.worth().getOrDefault(part.name(), Double.NaN))
          .filter(v -> !Double.isNaN(v)).average().orElse(Double.NaN));
    }
    return figures;
  }
}
