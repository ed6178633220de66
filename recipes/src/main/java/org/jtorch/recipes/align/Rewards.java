package org.jtorch.recipes.align;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jtorch.align.check.JavaReward;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.io.DataException;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.config.Named;
import org.jtorch.tensor.Device;

/// The rewards of a recipe, each with its name and its weight; closing them closes their models.
///
/// ```java
/// try (var rewards = Rewards.open(recipe.rewards(), new Rewards.Site(known, device))) {
///   double[] worth = rewards.sum().of(answers);
/// }
/// ```
final class Rewards implements AutoCloseable {
  private final List<OpenReward> open = new ArrayList<>();
  private final List<RewardSum.Part> parts = new ArrayList<>();

  private Rewards() {}

  /// Where rewards are opened.
  public record Site(Artifacts known, Device device) {}

  /// @throws IllegalArgumentException if one cannot be had: no such model, class or command
  @MustBeClosed
  static Rewards open(List<RewardConfig> configs, Site site) {
    var rewards = new Rewards();
    try {
      for (var config : configs) {
        var one = config.open(site);
        rewards.open.add(one);
        rewards.parts.add(new RewardSum.Part(name(config), config.weight(), one));
      }
      return rewards;
    } catch (RuntimeException | Error e) {
      rewards.close();
      throw e;
    }
  }

  static String name(RewardConfig config) {
    String given = config.name();
    return given == null ? Objects.requireNonNull(config.getClass().getAnnotation(Named.class), "each has one").value() : given;
  }

  List<RewardSum.Part> parts() {
    return List.copyOf(parts);
  }

  /// All of them together.
  RewardSum sum() {
    return new RewardSum(parts);
  }

  @Override public void close() {
    open.reversed().forEach(OpenReward::close);
  }

  /// What recipes lack for their rewards, found before anything starts.
  ///
  /// @param key of the list: `rewards`
  static List<String> problems(String key, List<RewardConfig> configs, Artifacts known) {
    var problems = new ArrayList<String>();
    if (configs.isEmpty()) {
      problems.add("`" + key + "` is empty; give one reward at least, e.g. " + key + ": [{type: math}]");
    }
    var names = new ArrayList<String>();
    for (int i = 0; i < configs.size(); i++) {
      String at = "`" + key + "[" + i + "]";
      String name = name(configs.get(i));
      if (names.contains(name)) {
        problems.add(at + ".name` is \"" + name + "\", as another's; give names of their own to rewards of one type, e.g. name: " + name + "_2");
      }
      names.add(name);
      if (!Double.isFinite(configs.get(i).weight())) {
        problems.add(at + ".weight` must be a number but was " + configs.get(i).weight() + "; 1 is usual");
      }
      try {
        require(configs.get(i), known);
      } catch (IllegalArgumentException | DataException e) {
        problems.add(at + "." + culprit(configs.get(i)) + "` " + e.getMessage());
      }
    }
    return problems;
  }

  private static String culprit(RewardConfig config) {
    return switch (config) {
      case RewardConfig.Model _ -> "from";
      case RewardConfig.Code _ -> "command";
      case RewardConfig.Java _ -> "implementation";
      default -> "type";
    };
  }

  private static void require(RewardConfig config, Artifacts known) {
    switch (config) {
      case RewardConfig.Model m -> requireModel(known.rewardModel(m.from()).folder(), m);
      case RewardConfig.Code c -> c.language().require();
      case RewardConfig.Java j -> {
        var _ = JavaReward.load(j.implementation());
      }
      default -> { }
    }
  }

  private static void requireModel(Path folder, RewardConfig.Model config) {
    if (Files.isDirectory(folder)) {                                   // else an earlier stage has still to make it
      ChatModel.open(folder, config.template()).close();
    }
  }
}
