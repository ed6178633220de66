package org.jtorch.recipes.align;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.chats.TooLong;
import org.jtorch.align.chats.TrainedTurns;
import org.jtorch.align.reward.RankedRows;
import org.jtorch.align.reward.RankingAccuracy;
import org.jtorch.align.reward.RewardScores;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.data.Collator;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenRow;
import org.jtorch.family.Pretrained;
import org.jtorch.head.Classifiers;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.io.DataException;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.score.Scoring;
import org.jtorch.tensor.Device;

/// What an average and its members are compared by.
interface Exam {
  Result take(Path average, List<Path> members);

  /// @param name of the exam
  /// @param average the average's mark
  /// @param members theirs
  /// @param ensemble that of the mean of what the members say; NaN for none
  /// @param higher whether a higher mark is the better one
  record Result(String name, double average, List<Double> members, double ensemble, boolean higher) {
    double mean() {
      return members.stream().mapToDouble(d -> d).average().orElseThrow();
    }

    /// Under the exam's name: `average`, `members` (their mean), `member_1` and so on, `ensemble` if there is one.
    SequencedMap<String, Double> figures() {
      var figures = new LinkedHashMap<String, Double>();
      figures.put(name + ".average", average);
      figures.put(name + ".members", mean());
      for (int i = 0; i < members.size(); i++) {
        figures.put(name + ".member_" + (i + 1), members.get(i));
      }
      if (!Double.isNaN(ensemble)) {
        figures.put(name + ".ensemble", ensemble);
      }
      return figures;
    }

    /// One line: did averaging help?
    String helped() {
      double best = members.stream().mapToDouble(d -> higher ? d : -d).max().orElseThrow() * (higher ? 1 : -1);
      double gain = (average - mean()) * (higher ? 1 : -1);
      return String.format(Locale.ROOT, "%s, %s is better: average %.4f, members %.4f in the mean, the best %.4f%s: averaging %s", name,
          higher ? "higher" : "lower", average, mean(), best, Double.isNaN(ensemble) ? "" : String.format(Locale.ROOT, ", their ensemble %.4f", ensemble),
          gain > 0 ? String.format(Locale.ROOT, "helped by %.4f", gain) : "did not help");
    }
  }

  /// Those of a recipe.
  static List<Exam> of(AverageRecipe recipe, Artifacts known, Consumer<String> note) {
    var exams = new ArrayList<Exam>();
    var text = recipe.text();
    if (text != null) {
      Path corpus = known.data(text).folder();
      exams.add((average, members) -> losses("text", average, members, folder -> onText(recipe, folder, corpus)));
    }
    boolean rewards = known.find(recipe.models().getFirst()) instanceof Artifact.RewardModel;
    recipe.tests().forEach((name, source) -> {
      var set = source.read(known);
      set.describe().forEach(note);
      exams.add(rewards ? (average, members) -> rankings(recipe, name, set.only(Example.Comparison.class), average, members)
          : (average, members) -> losses(name, average, members, folder -> onConversations(recipe, set.conversations(), folder)));
    });
    return exams;
  }

  /// A mark of a model.
  interface Mark {
    double of(Path model);
  }

  private static Result losses(String name, Path average, List<Path> members, Mark mark) {
    return new Result(name, mark.of(average), members.stream().map(mark::of).toList(), Double.NaN, false);
  }

  private static double onText(AverageRecipe recipe, Path folder, Path text) {
    try (var corpus = PreparedCorpus.open(text); var model = Pretrained.load(folder, Device.parse(recipe.device()), null)) {
      var rows = RowSource.unmasked(RowSource.concatenated(corpus.validation(), recipe.seqLen()));
      return new Scoring(rows, 0, 0, recipe.batch()).loss(model);
    }
  }

  private static double onConversations(AverageRecipe recipe, List<Example.Conversation> conversations, Path folder) {
    try (var chats = ChatModel.open(folder, null); var model = Pretrained.load(folder, Device.parse(recipe.device()), null)) {
      return ChatLoss.of(model, encoder(recipe, chats).rows(conversations, new Problems()), collator(recipe), recipe.batch());
    }
  }

  private static ChatEncoder encoder(AverageRecipe recipe, ChatModel chats) {
    return new ChatEncoder(chats.tokenizer(), chats.template(), chats.stops(), recipe.maxTokens(), TooLong.DROP_TURNS, TrainedTurns.ALL);
  }

  private static Collator collator(AverageRecipe recipe) {
    return new Collator(recipe.maxTokens(), Math.min(32, recipe.maxTokens()));
  }

  /// The share of pairs that are ranked right.
  private static Result rankings(AverageRecipe recipe, String name, List<Example.Comparison> comparisons, Path average, List<Path> members) {
    List<RankedRows> rows;
    try (var chats = ChatModel.open(average, null)) {
      rows = RankedRows.of(comparisons, encoder(recipe, chats), new Problems());
    }
    var flat = rows.stream().flatMap(r -> r.answers().stream()).map(RankedRows.Answer::row).toList();
    var theirs = members.stream().map(folder -> scores(recipe, folder, flat)).toList();
    double[] mean = new double[flat.size()];
    theirs.forEach(scores -> {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += scores[i] / theirs.size();
      }
    });
    return new Result(name, RankingAccuracy.of(rows, scores(recipe, average, flat)), theirs.stream().map(s -> RankingAccuracy.of(rows, s)).toList(),
        RankingAccuracy.of(rows, mean), true);
  }

  private static double[] scores(AverageRecipe recipe, Path folder, List<TokenRow> rows) {
    try (var loaded = Classifiers.load(folder, Device.parse(recipe.device()), null)) {
      if (!(loaded instanceof DecoderClassifier model)) {
        throw new DataException(folder + " holds an encoder; a reward model is a language model with a head");
      }
      return new RewardScores(model, collator(recipe), recipe.batch()).of(rows);
    }
  }
}
