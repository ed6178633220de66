package org.jtorch.align.committee;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.jtorch.align.chats.PreferenceLevel;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.sampling.SampleFiles;
import org.jtorch.align.sampling.Sampled;
import org.jtorch.io.AtomicFolder;

/// The teaching committee of AFM (iTeC, arXiv:2407.21075, section 4.2.1): every member answers each prompt several times, and the one answer
/// that is worth most of all teaches, prompt by prompt, whoever gave it.
///
/// ```text
/// for x:  Y_m = n answers of member m, for every m;  (m*, y*) = argmax over m and y in Y_m of r(x, y), the lowest m of equal ones;  keep (x, y*)
/// ```
///
/// ```java
/// var committee = new Committee(List.of(new Member("sft", sft), new Member("dpo", dpo)), folder);
/// Optional<WhoWon> won = committee.distil(prompts, answers);                    // a data set to fine-tune on; empty if asked to stop
/// Optional<Tally> pairs = committee.collect(prompts, levels, seed, judgements); // pairs of answers of two members each
/// ```
///
/// Members answer one after another, so that one model is in memory; what each has said is in its own folder, and a run that was cut off goes on
/// there. As [SampleFiles] keeps the best of a member's answers, the best of the union is the best of those.
public final class Committee {
  private final List<Member> members;
  private final Path folder;

  /// @param folder for what members say until it is no longer needed
  public Committee(List<Member> members, Path folder) {
    this.members = List.copyOf(members);
    this.folder = folder;
    if (members.isEmpty()) {
      throw new IllegalArgumentException("a committee has members; give one at least, AFM's has several");
    }
    var names = new HashSet<String>();
    members.stream().filter(m -> !names.add(m.name())).findFirst().ifPresent(m -> {
      throw new IllegalArgumentException("two members are called \"" + m.name() + "\"; name them apart");
    });
  }

  /// How many pairs came of it.
  ///
  /// @param pairs that were written
  /// @param alike prompts to which both members said the same, or answers worth the same
  /// @param silent prompts to which a member gave no answer that could be judged
  /// @param levels how many of the pairs are how clear
  public record Tally(int pairs, int alike, int silent, SequencedMap<PreferenceLevel, Integer> levels) {
    public Tally {
      levels = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(levels));
    }

    private static Tally of(List<ObjectNode> rows, int alike, int silent) {
      var levels = new LinkedHashMap<PreferenceLevel, Integer>();
      for (var level : PreferenceLevel.values()) {
        levels.put(level, (int) rows.stream().filter(row -> row.path("level").asText().equals(level.words())).count());
      }
      return new Tally(rows.size(), alike, silent, levels);
    }
  }

  // ---- distil

  /// Keeps to each prompt the best answer of any member, as `answers.jsonl` and `manifest.jsonl` in a new folder.
  ///
  /// @return empty if a member was asked to stop
  public Optional<WhoWon> distil(List<Prompt> prompts, Path into) {
    var said = answers(members.stream().map(_ -> prompts).toList());
    if (said.isEmpty()) {
      return Optional.empty();
    }
    var won = WhoWon.of(members.stream().map(Member::name).toList(), said);
    AtomicFolder.publish(into, files -> {
      var rows = new ArrayList<ObjectNode>();
      var manifest = new ArrayList<ObjectNode>();
      for (int x = 0; x < prompts.size(); x++) {
        int winner = won.winner(x);
        if (winner != WhoWon.NOBODY) {
          rows.add(Rows.conversation(said.get(winner).get(x)));
        }
        manifest.add(account(x, prompts.get(x), said, won));
      }
      Rows.write(files.resolve(SampleFiles.ANSWERS), rows);
      Rows.write(files.resolve(SampleFiles.MANIFEST), manifest);
    });
    return Optional.of(won);
  }

  private ObjectNode account(int x, Prompt prompt, List<List<Sampled>> said, WhoWon won) {
    int winner = won.winner(x);
    var row = JsonNodeFactory.instance.objectNode().put("prompt", x).put("place", prompt.place()).put("kept", winner != WhoWon.NOBODY);
    if (winner != WhoWon.NOBODY) {
      row.put("member", members.get(winner).name()).put("reward", said.get(winner).get(x).best());
    }
    row.put("why", winner == WhoWon.NOBODY ? "no member has an answer that is left" : said.get(winner).get(x).why());
    var each = row.putArray("members");
    for (int m = 0; m < members.size(); m++) {
      var one = said.get(m).get(x);
      var entry = each.addObject().put("name", members.get(m).name());
      if (one.isKept()) {
        entry.put("best", one.best()).put("mean", one.mean());
      } else {
        entry.put("why", one.why());
      }
    }
    return row;
  }

  // ---- collect

  /// Has two members answer each prompt, drawn anew for each, and writes which answer is better and how clearly, as `pairs.jsonl` in a new folder:
  /// the judged pairs from which the next reward model and DPO learn.
  ///
  /// @param seed of who answers which prompt, and of the judge's noise
  /// @return empty if a member was asked to stop
  public Optional<Tally> collect(List<Prompt> prompts, Levels levels, long seed, Path into) {
    if (members.size() < 2) {
      throw new IllegalArgumentException("a pair needs two members but there is " + members.size() + "; give two or more");
    }
    var pairings = IntStream.range(0, prompts.size()).mapToObj(x -> Pairing.of(members.size(), seed, x)).toList();
    var said = answers(asked(members.size(), prompts, seed));
    if (said.isEmpty()) {
      return Optional.empty();
    }
    var next = said.stream().map(List::iterator).toList();
    var rows = new ArrayList<ObjectNode>();
    int silent = 0;
    for (int x = 0; x < prompts.size(); x++) {
      var pairing = pairings.get(x);
      var one = next.get(pairing.one()).next();
      var other = next.get(pairing.other()).next();
      if (one.isKept() && other.isKept()) {
        pair(pairing, one, other, one.best() - other.best() + levels.noise(seed, x), levels).ifPresent(rows::add);
      } else {
        silent++;
      }
    }
    AtomicFolder.publish(into, files -> Rows.write(files.resolve(SampleFiles.PAIRS), rows));
    return Optional.of(Tally.of(rows, prompts.size() - silent - rows.size(), silent));
  }

  /// Which prompts each of so many members answers when pairs are collected.
  public static List<List<Prompt>> asked(int members, List<Prompt> prompts, long seed) {
    return IntStream.range(0, members).mapToObj(m -> IntStream.range(0, prompts.size()).filter(x -> Pairing.of(members, seed, x).has(m))
        .mapToObj(prompts::get).toList()).toList();
  }

  private Optional<ObjectNode> pair(Pairing pairing, Sampled one, Sampled other, double gap, Levels levels) {
    if (gap == 0 || Rows.answer(one).equals(Rows.answer(other))) {
      return Optional.empty();
    }
    var names = List.of(members.get(pairing.one()).name(), members.get(pairing.other()).name());
    return Optional.of(gap > 0 ? Rows.pair(one, other, gap, levels, names) : Rows.pair(other, one, -gap, levels, names.reversed()));
  }

  // ---- answer

  /// Has every member answer its prompts, unless it has.
  ///
  /// @param asked the prompts of each member
  /// @return what each said, in the order of its prompts; empty if one was asked to stop
  public List<List<Sampled>> answers(List<List<Prompt>> asked) {
    var said = new ArrayList<List<Sampled>>();
    for (int m = 0; m < members.size(); m++) {
      Path done = folder.resolve("member-" + (m + 1));
      if (!Files.exists(done)) {
        Path work = folder.resolve("answering-" + (m + 1));
        try (var files = SampleFiles.open(work, false)) {
          if (!members.get(m).answering().answer(asked.get(m), files)) {
            return List.of();
          }
        }
        AtomicFolder.rename(work, done);
      }
      said.add(Sampled.read(done));
    }
    return said;
  }
}
