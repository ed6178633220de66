package org.jtorch.recipes.align;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.io.DataException;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.pretrain.OptimizerConfig;
import org.jtorch.tensor.Device;

/// What recipes on chats lack, found before anything starts.
final class ChatProblems {
  private ChatProblems() {}

  static List<String> of(ChatRecipe recipe, Artifacts known) {
    var problems = new ArrayList<String>();
    recipe.chats().problems(known, problems);
    problems.addAll(ofLoop(recipe, "chats", known));
    return problems;
  }

  /// What a recipe lacks whose model learns from its own answers.
  static List<String> ofAnswers(AnsweringRecipe recipe, Artifacts known) {
    var problems = new ArrayList<>(recipe.prompts().problems("prompts", known));
    problems.addAll(Rewards.problems("rewards", recipe.rewards(), known));
    problems.addAll(ofLoop(recipe, "prompts", known));
    try {
      recipe.check();
    } catch (IllegalArgumentException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
    return problems;
  }

  /// All but the data.
  ///
  /// @param data the key under which that stands
  static List<String> ofLoop(ChatRecipe recipe, String data, Artifacts known) {
    var problems = new ArrayList<String>();
    try {
      model(recipe, data, known.model(recipe.from()), problems);
      problems.addAll(recipe.optimizer().problems(known.model(recipe.from()), recipe.train().steps(), known));
    } catch (IllegalArgumentException | DataException e) {
      problems.add("`from` " + e.getMessage());
    }
    machine(recipe.device(), recipe.dtype(), problems);
    schedule(recipe, problems);
    adapter(recipe, known, problems);
    return problems;
  }

  private static void model(ChatRecipe recipe, String data, Artifact.Model from, List<String> problems) {
    if (recipe.chats().maxTokens() > from.shape().maxPositions() && !from.shape().growsWithLength()) {
      problems.add("`" + data + ".max_tokens` " + recipe.chats().maxTokens() + " is longer than the model allows (max_positions: "
          + from.shape().maxPositions() + ")");
    }
    String template = recipe.chats().template();
    if (template != null && !ChatModel.isFormat(template) && !Files.isRegularFile(Path.of(template))) {
      problems.add("`" + data + ".template` is \"" + template + "\", neither a format (chatml, llama3, gemma) nor a file that is there");
    } else if (Files.isDirectory(from.folder())) {                    // else an earlier stage has still to make it
      try (var _ = ChatModel.open(from.folder(), template)) {
        return;
      } catch (IllegalArgumentException | DataException e) {
        problems.add("`" + data + ".template` " + e.getMessage());
      }
    }
  }

  private static void adapter(ChatRecipe recipe, Artifacts known, List<String> problems) {
    var adapter = recipe.adapter();
    if (adapter == null || !problems.isEmpty()) {
      return;
    }
    String problem = adapter.problem(known.model(recipe.from()).shape());
    if (problem != null) {
      problems.add("`adapter.targets` " + problem);
    }
    Integer base = switch (recipe.optimizer()) {
      case OptimizerConfig.AdamW adamW -> adamW.mupBase();
      case OptimizerConfig.AdaStar adaStar -> adaStar.mupBase();
      default -> null;
    };
    if (base != null) {
      problems.add("`optimizer.mup_base` is for whole models, whose widths it compares; leave it out with an adapter");
    }
  }

  static void machine(String device, String dtype, List<String> problems) {
    if (!dtype.matches("auto|bf16|f32")) {
      problems.add("`dtype` is \"" + dtype + "\"; use auto, bf16 or f32");
    }
    try {
      if (!List.of("best", "cpu").contains(device)) {                 // which are always there: libtorch need not be asked
        var _ = Device.parse(device);
      }
    } catch (IllegalArgumentException e) {
      problems.add("`device` " + e.getMessage());
    }
  }

  private static void schedule(ChatRecipe recipe, List<String> problems) {
    try {
      Long steps = recipe.train().steps();
      if (steps != null) {
        var _ = recipe.train().schedule().over(steps);
      }
    } catch (IllegalArgumentException e) {
      problems.add("`train.schedule` " + e.getMessage());
    }
  }
}
