package org.jtorch.recipes.align;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.committee.Committee;
import org.jtorch.align.committee.Member;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.run.Interruption;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunLogs;
import org.jtorch.recipes.run.SetAside;
import org.jtorch.recipes.score.Results;
import org.jtorch.tensor.Device;

/// One run in which several models answer prompts; of several processes the first does it all.
record MembersRun(MembersRecipe recipe, RunArgs args, RunFolder run, RunLogs logs, Interruption interruption) {
  /// What a recipe makes of its models' answers.
  interface Work {
    /// Which prompts each of so many models answers.
    List<List<Prompt>> asked(int members, List<Prompt> prompts);

    /// Has them answered, and writes what comes of it into a new folder.
    ///
    /// @return null if it was asked to stop
    @Nullable Outcome of(Committee committee, List<Prompt> prompts, Path into);
  }

  /// What came of it.
  ///
  /// @param part for the report, as HTML
  /// @param note in a sentence
  record Outcome(Map<String, Double> figures, String part, String note) {}

  /// True if everything is done; false if it was asked to stop.
  boolean execute(Work work) {
    return args.ranks().afterFirst(() -> {
      if (args.ranks().isFirst() && !Files.exists(run.left())) {
        answer(work);
      }
      return Files.exists(run.left());
    });
  }

  private void answer(Work work) {
    long began = System.nanoTime();
    var voices = Voices.of(recipe, args.known()).voices();
    var site = new Rewards.Site(args.known(), Device.parse(recipe.device()));
    try (var chats = ChatModel.open(voices.getFirst().model().folder(), recipe.prompts().template());
        var rewards = Rewards.open(recipe.rewards(), site); var checkers = Rewards.open(recipe.keep().rewards(), site)) {
      var prompts = recipe.prompts().read(chats, args.known(), logs::note);
      if (prompts.isEmpty()) {
        throw new DataException("no prompt has at most " + recipe.prompts().maxTokens() + " tokens; raise `prompts.max_tokens`");
      }
      var speaking = new Speaking(this, rewards, checkers, work.asked(voices.size(), prompts).stream().mapToInt(List::size).toArray());
      var members = new ArrayList<Member>();
      for (int m = 0; m < voices.size(); m++) {
        int index = m;
        var voice = voices.get(m);
        members.add(new Member(voice.name(), (own, files) -> speaking.answer(index, voice, own, files)));
      }
      Path into = run.path().resolve("made");
      SetAside.next(run).move(into);
      var outcome = work.of(new Committee(members, run.path().resolve("members")), prompts, into);
      if (outcome != null) {
        leave(outcome, into, (System.nanoTime() - began) / 1e9);
      }
    }
  }

  private void leave(Outcome outcome, Path into, double seconds) {
    if (!Results.isIn(run.path())) {
      new Results(new LinkedHashMap<>(outcome.figures()), seconds).write(run.path());
    }
    RunFolder.write(run.part(), outcome.part());
    AtomicFolder.rename(into, run.left());
    logs.note(outcome.note());
  }
}
