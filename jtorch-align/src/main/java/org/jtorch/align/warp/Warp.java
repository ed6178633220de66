package org.jtorch.align.warp;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jtorch.merge.FolderMerge;
import org.jtorch.merge.Linear;
import org.jtorch.merge.Slerp;

/// WARP, how Gemma 2's policies are put together (arXiv:2406.16768, algorithm 1): in every round M policies are trained from one model, what
/// each has learned is joined on the arc between them, layer by layer, and the next round begins on the way back towards where this one began.
///
/// ```java
/// var warp = new Warp(Path.of("runs/warp"), 2, 2, 0.3);
/// Path last = warp.run(sft, (from, to, round, member) -> reinforce(from, to, seed + 10 * round + member), note -> log.info(note));
/// SequencedMap<Double, Path> front = warp.front(sft, last, 0, 0.1, 0.3, 0.5, 0.8, 1);      // reward against KL
/// ```
///
/// With δ_m = θ_m − θ_init: `θ_slerp = θ_init + slerp(δ_1, ..., δ_M)` (more than two taken in one by one, the m-th with λ = 1/m), and
/// `θ_init ← (1 − η) θ_init + η θ_slerp`. The members' penalty is measured from a moving average of their own weights:
/// `Reference.following(policy, 0.01, 1)`.
///
/// Models are folders, merged tensor by tensor. What is in the folder already is not made again: a run that was cut off goes on.
///
/// @param folder where everything lies: `round-1/member-1`, ..., `round-1/joined`, `round-2/start`, ...
/// @param rounds I; up to 5 in the paper, whose gains shrink after the third
/// @param members M; 2 in the paper's runs
/// @param eta η; 0.3 in the paper
public record Warp(Path folder, int rounds, int members, double eta) {
  private static final Slerp SLERP = new Slerp(0.5, Slerp.Angle.PER_LAYER);

  /// A policy's training.
  @FunctionalInterface
  public interface Member {
    /// Trains what is in a model folder and leaves the result in another, which appears when it is complete. The members of a round should
    /// differ in the order of their prompts.
    ///
    /// @param to not there yet
    /// @param round counted from 1, as is the member
    void train(Path from, Path to, int round, int member);
  }

  public Warp {
    if (rounds < 1) {
      throw new IllegalArgumentException("`rounds` must be >= 1 but was " + rounds + "; 2 or 3 are usual");
    }
    if (members < 1) {
      throw new IllegalArgumentException("`members` must be >= 1 but was " + members + "; 2 are usual");
    }
    share("eta", eta);
  }

  /// Trains, joins and goes back, round by round.
  ///
  /// @param sft the model to begin with
  /// @return the joined model of the last round, the far end of [#front]
  public Path run(Path sft, Member member, Consumer<String> note) {
    Path start = sft;
    Path joined = sft;
    for (int round = 1; round <= rounds; round++) {
      joined = join(start, members(start, member, round), at(round, "joined"), note);
      if (round < rounds) {
        start = between(start, joined, eta, at(round + 1, "start"));
      }
    }
    return joined;
  }

  private List<Path> members(Path start, Member member, int round) {
    var trained = new ArrayList<Path>();
    for (int m = 1; m <= members; m++) {
      Path to = at(round, "member-" + m);
      if (!Files.exists(to)) {
        member.train(start, to, round, m);
      }
      trained.add(to);
    }
    return trained;
  }

  /// What the members learned, on the arc between them: `θ_init + slerp(δ_1, ..., δ_M)`, an angle for each layer, for the embedding, the
  /// final norm and the head. Of one member it is that member.
  static Path join(Path start, List<Path> members, Path out, Consumer<String> note) {
    if (members.size() == 1) {
      return members.getFirst();
    }
    if (!Files.exists(out)) {
      new FolderMerge(SLERP, members, start, false).write(out, null, note);
    }
    return out;
  }

  /// The angles between what the members of a round learned, for each layer, in degrees; 90 is what independent runs come to.
  /// `[members][members]`
  public SequencedMap<String, double[][]> angles(Path sft, int round) {
    Path start = round == 1 ? sft : at(round, "start");
    var trained = IntStream.rangeClosed(1, members).mapToObj(m -> at(round, "member-" + m)).toList();
    return new FolderMerge(SLERP, trained, start, false).angles();
  }

  /// Models from the beginning to the end, `(1 − η) θ_sft + η θ_last`: the more of the last, the more reward and the farther from the first.
  ///
  /// @param etas in [0, 1]
  /// @return each one's folder
  public SequencedMap<Double, Path> front(Path sft, Path last, double... etas) {
    var front = new LinkedHashMap<Double, Path>();
    for (double each : etas) {
      share("eta", each);
      front.put(each, between(sft, last, each, folder.resolve("front").resolve(String.format(Locale.ROOT, "eta-%.3f", each))));
    }
    return front;
  }

  private static Path between(Path from, Path to, double eta, Path out) {
    if (!Files.exists(out)) {
      new FolderMerge(new Linear(List.of(1 - eta, eta)), List.of(from, to), null, false).write(out, null);
    }
    return out;
  }

  private Path at(int round, String name) {
    return folder.resolve("round-" + round).resolve(name);
  }

  private static void share(String key, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException("`" + key + "` must be in [0, 1] but was " + value + "; 0.3 is WARP's");
    }
  }
}
