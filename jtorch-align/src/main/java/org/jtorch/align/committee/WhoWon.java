package org.jtorch.align.committee;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.jtorch.align.sampling.Sampled;

/// Who gave the best answer to which prompt.
///
/// The committee is compared with its members over the prompts to which all of them have an answer. There its mean reward is at least that of every
/// member's own best answers, for a maximum's mean is no less than a mean's maximum; it is equal if and only if one member's answer is the best, or as
/// good as the best, everywhere.
///
/// @param members their names
/// @param winners the index of the member that won each prompt, or [#NOBODY]
/// @param reward the mean reward of the answers that won, over the prompts that all members answered; NaN if there are none
/// @param scores of each member, over the same prompts
public record WhoWon(List<String> members, List<Integer> winners, double reward, List<Score> scores) {
  /// The winner where no answer is left.
  public static final int NOBODY = -1;

  /// One member.
  ///
  /// @param won the share of the prompts with a winner that it won
  /// @param best the mean reward of its best answers: what would be if it taught alone
  /// @param mean the mean reward of all its answers
  public record Score(double won, double best, double mean) {}

  public WhoWon {
    members = List.copyOf(members);
    winners = List.copyOf(winners);
    scores = List.copyOf(scores);
  }

  /// @param said what each member said to each prompt
  static WhoWon of(List<String> members, List<List<Sampled>> said) {
    int prompts = said.getFirst().size();
    var winners = IntStream.range(0, prompts).map(x -> winner(said, x)).boxed().toList();
    var common = IntStream.range(0, prompts).filter(x -> said.stream().allMatch(each -> each.get(x).isKept())).toArray();
    long decided = winners.stream().filter(w -> w != NOBODY).count();
    var scores = new ArrayList<Score>();
    for (int m = 0; m < members.size(); m++) {
      int member = m;
      var own = said.get(m);
      double won = (double) winners.stream().filter(w -> w == member).count() / decided;
      scores.add(new Score(won, mean(common, x -> own.get(x).best()), mean(common, x -> own.get(x).mean())));
    }
    return new WhoWon(members, winners, mean(common, x -> said.get(winners.get(x)).get(x).best()), scores);
  }

  /// The member with the best answer, the lowest index of equal ones.
  private static int winner(List<List<Sampled>> said, int x) {
    int best = NOBODY;
    for (int m = 0; m < said.size(); m++) {
      var one = said.get(m).get(x);
      if (one.isKept() && (best == NOBODY || one.best() > said.get(best).get(x).best())) {
        best = m;
      }
    }
    return best;
  }

  private static double mean(int[] prompts, IntToDoubleFunction value) {
    return IntStream.of(prompts).mapToDouble(value).average().orElse(Double.NaN);
  }

  /// Who won a prompt.
  public int winner(int x) {
    return winners.get(x);
  }

  /// How many prompts have a winner.
  public int kept() {
    return (int) winners.stream().filter(w -> w != NOBODY).count();
  }

  /// `kept`, `reward`, `best_member`, and of each member `won.<name>`, `best.<name>`, `mean.<name>`. What is not known is left out.
  public SequencedMap<String, Double> figures() {
    var figures = new LinkedHashMap<String, Double>();
    figures.put("kept", (double) kept() / winners.size());
    figures.put("reward", reward);
    figures.put("best_member", scores.stream().mapToDouble(Score::best).max().orElse(Double.NaN));
    for (int m = 0; m < members.size(); m++) {
      figures.put("won." + members.get(m), scores.get(m).won());
      figures.put("best." + members.get(m), scores.get(m).best());
      figures.put("mean." + members.get(m), scores.get(m).mean());
    }
    figures.values().removeIf(value -> value.isNaN());
    return figures;
  }
}
