package org.jtorch.recipes.align;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.ChatSet;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.chats.TooLong;
import org.jtorch.align.chats.TrainedTurns;
import org.jtorch.align.reward.Calibration;
import org.jtorch.align.reward.RankedRows;
import org.jtorch.align.reward.RankingAccuracy;
import org.jtorch.align.reward.RewardScores;
import org.jtorch.data.Collator;
import org.jtorch.data.TokenRow;
import org.jtorch.head.Classifiers;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.io.DataException;
import org.jtorch.tensor.Device;

/// What a reward model says of every answer of a file: conversations, comparisons, judged answers.
///
/// @param found what the file holds, and what is the matter with some of it
/// @param rows of the file, each with its place and its scores
/// @param accuracy on pairs, over all and by level; empty without comparisons
/// @param judged the share of pairs of a good and a bad answer whose scores are so, too (AUC); NaN without labels
public record ScoredFile(List<String> found, List<ObjectNode> rows, SequencedMap<String, Double> accuracy, int pairs, Calibration calibration,
    double judged) {
  private static final int MULTIPLE = 8;

  /// How answers are read and scored.
  ///
  /// @param template how turns are written, or null for the model's own
  /// @param maxTokens of a prompt with its answer
  /// @param batch answers that are scored together
  public record Settings(@Nullable String template, int maxTokens, int batch, Device device) {}

  /// @throws DataException if the folder is no reward model, or no row of the file can be scored
  public static ScoredFile of(Path model, Path file, Settings settings) {
    try (var chats = ChatModel.open(model, settings.template()); var loaded = Classifiers.load(model, settings.device(), null)) {
      if (!(loaded instanceof DecoderClassifier reward) || reward.labels().count() != 1) {
        throw new DataException(model + " is no reward model: a language model with a head of one number, which a stage of type reward leaves");
      }
      int most = Math.min(settings.maxTokens(), reward.maxPositions());
      var encoder = new ChatEncoder(chats.tokenizer(), chats.template(), chats.stops(), most, TooLong.DROP_TURNS, TrainedTurns.ALL);
      return new Scoring(encoder, new RewardScores(reward, new Collator(most, Math.min(MULTIPLE, most)), settings.batch())).of(ChatSet.read(file));
    }
  }

  private static final class Scoring {
    private final ChatEncoder encoder;
    private final RewardScores scores;
    private final Problems problems = new Problems();
    private final List<Example> examples = new ArrayList<>();
    private final List<List<TokenRow>> answers = new ArrayList<>();

    Scoring(ChatEncoder encoder, RewardScores scores) {
      this.encoder = encoder;
      this.scores = scores;
    }

    ScoredFile of(ChatSet set) {
      set.examples().forEach(this::encode);
      if (examples.isEmpty()) {
        throw new DataException("no row of " + set.source() + " can be scored: " + String.join("; ", problems.describe()));
      }
      double[] all = scores.byLength(answers.stream().flatMap(List::stream).toList());
      var found = new ArrayList<>(set.describe());
      found.addAll(problems.describe());
      return figures(found, all);
    }

    private void encode(Example example) {
      var rows = switch (example) {
        case Example.Conversation c -> encoder.row(c, problems).map(List::of);
        case Example.Comparison c -> encoder.answers(c, problems).map(all -> all.stream().map(a -> a.row()).toList());
        case Example.Judged j -> encoder.answer(j, problems).map(a -> List.of(a.row()));
      };
      rows.ifPresent(r -> {
        examples.add(example);
        answers.add(r);
      });
    }

    private ScoredFile figures(List<String> found, double[] all) {
      var rows = new ArrayList<ObjectNode>();
      var ranked = new ArrayList<RankedRows>();
      var rankedScores = new ArrayList<Double>();
      var leads = new ArrayList<Double>();
      var good = new ArrayList<Double>();
      var bad = new ArrayList<Double>();
      int at = 0;
      for (int e = 0; e < examples.size(); e++) {
        var own = new ArrayList<Double>();
        for (int i = 0; i < answers.get(e).size(); i++) {
          own.add(all[at++]);
        }
        var row = JsonNodeFactory.instance.objectNode().put("place", examples.get(e).place());
        switch (examples.get(e)) {
          case Example.Conversation _ -> row.put("score", own.getFirst());
          case Example.Judged j -> {
            row.put("score", own.getFirst()).put("label", j.good());
            (j.good() ? good : bad).add(own.getFirst());
          }
          case Example.Comparison c -> {
            own.forEach(row.putArray("scores")::add);
            ranked.add(new RankedRows(answers.get(e).stream().map(r -> new RankedRows.Answer(r, null)).toList(), c.level(), c.margin()));
            rankedScores.addAll(own);
            leads(own, leads);
          }
        }
        rows.add(row);
      }
      return new ScoredFile(found, rows, RankingAccuracy.byLevel("all", ranked, doubles(rankedScores)), leads.size(),
          Calibration.of(doubles(leads)), above(good, bad));
    }

    private static void leads(List<Double> scores, List<Double> into) {
      for (int i = 0; i < scores.size(); i++) {
        for (int j = 0; j < i; j++) {
          into.add(scores.get(j) - scores.get(i));
        }
      }
    }

    private static double[] doubles(List<Double> list) {
      return list.stream().mapToDouble(d -> d).toArray();
    }

    /// The share of pairs of a good and a bad one in which the good one has the higher score; equal ones count half.
    private static double above(List<Double> good, List<Double> bad) {
      double sum = 0;
      for (double g : good) {
        for (double b : bad) {
          sum += g > b ? 1 : g == b ? 0.5 : 0;
        }
      }
      return good.isEmpty() || bad.isEmpty() ? Double.NaN : sum / good.size() / bad.size();
    }
  }

  /// The accuracies as rows of a table, the names of the columns first.
  public List<List<String>> accuracyTable() {
    var table = new ArrayList<List<String>>();
    table.add(List.of("pairs", "ranked right"));
    accuracy.forEach((name, share) -> table.add(List.of(name.replaceFirst("^all_", "").replace('_', ' '), percent(share))));
    return table;
  }

  /// The calibration as rows of a table, the names of the columns first.
  public List<List<String>> calibrationTable() {
    var table = new ArrayList<List<String>>();
    table.add(List.of("says", "pairs", "mean", "right"));
    calibration.bins().forEach(b -> table.add(List.of(percent(b.low()) + " to " + percent(b.high()), Integer.toString(b.pairs()), percent(b.said()),
        percent(b.right()))));
    return table;
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
