package org.jtorch.recipes.align;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jtorch.io.DataException;
import org.jtorch.observe.Units;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.plan.Workload;
import org.jtorch.recipes.pretrain.MachineSpeed;
import org.jtorch.recipes.pretrain.TrainedType;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// What recipes in which several models answer lack, and what they would do.
record MembersPlan(MembersRecipe recipe, Artifacts known) {
  List<String> problems() {
    var problems = new ArrayList<>(recipe.prompts().problems("prompts", known));
    for (int m = 0; m < recipe.models().size(); m++) {
      var own = new ArrayList<String>();
      try {
        known.models(recipe.models().get(m)).forEach(model -> RejectionType.model(recipe.prompts(), recipe.draw(), model, own));
      } catch (IllegalArgumentException | DataException e) {
        problems.add("`" + recipe.key() + "[" + m + "]` " + e.getMessage());
      }
      own.stream().filter(p -> !problems.contains(p)).forEach(problems::add);
    }
    problems.addAll(Rewards.problems("rewards", recipe.rewards(), known));
    if (!recipe.keep().checkers().isEmpty()) {
      Rewards.problems("keep.checkers", recipe.keep().rewards(), known).forEach(p -> problems.add(p.replaceFirst("(\\[\\d+])", "$1.reward")));
    }
    ChatProblems.machine(recipe.device(), recipe.dtype(), problems);
    return problems;
  }

  /// As many of the answers fall to each model.
  PlanFigures print(PrintWriter out) {
    var voices = Voices.of(recipe, known).voices();
    Device device = Device.parse(recipe.device());
    voices.forEach(v -> line(out, v.name(), "%s, %,d parameters".formatted(v.model().shape().family(), v.model().shape().parameterCount())));
    long prompts = recipe.prompts().count(known, each -> line(out, "prompts", each));
    double answers = prompts * recipe.answersToAPrompt(voices.size());
    double tokens = answers * (recipe.draw().newTokens() + (double) recipe.prompts().maxTokens() / recipe.draw().answers());
    line(out, "answers", String.format(Locale.ROOT, "%,.0f of %d models; at most %,.0f tokens", answers, voices.size(), tokens));
    double seconds = voices.stream().mapToDouble(v -> seconds(v, device, tokens / voices.size())).sum();
    line(out, "time", "at least " + Units.time(seconds) + " by the matrix products alone, rewards aside");
    var largest = voices.stream().mapToLong(v -> v.model().shape().parameterCount()).max().orElseThrow();
    return new PlanFigures(largest, (double) largest * dtype(voices.getFirst(), device).bytes(), tokens, seconds);
  }

  private DType dtype(Voices.Voice voice, Device device) {
    var folder = voice.model().folder();
    return TrainedType.of(recipe.dtype(), Files.isDirectory(folder) ? folder : null, device, _ -> { });
  }

  private double seconds(Voices.Voice voice, Device device, double tokens) {
    var dtype = dtype(voice, device);
    var draw = recipe.draw();
    var work = new Workload(voice.model().shape(), device, dtype, draw.batch() * draw.answers(), draw.newTokens() + recipe.prompts().maxTokens(), 1,
        false, 0, true);
    return tokens / work.tokens() * work.forwardFlops() / MachineSpeed.flops(device, dtype);
  }

  private static void line(PrintWriter out, String what, String text) {
    out.println("%-10s  %s".formatted(what, text));
  }
}
