package org.jtorch.recipes.align;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.Reward;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.generate.Generation;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.config.RecipeException;
import org.jtorch.recipes.config.RecipeSource;
import org.jtorch.recipes.config.StrictYaml;
import org.jtorch.tensor.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RewardsTest {
  /// A recipe's part.
  record Part(List<RewardConfig> rewards, PromptsConfig prompts) {}

  private static Part bind(String rewards) {
    return StrictYaml.bind(Part.class, RecipeSource.of("part.yaml", "rewards: " + rewards + "\nprompts: {sources: [a.jsonl]}\n"), List.of()).value();
  }

  /// Two letters are worth 2.
  public static final class Letters implements Reward {
    @Override public double[] of(List<Answer> answers) {
      return answers.stream().mapToDouble(a -> a.text().length()).toArray();
    }
  }

  private static Answer answer(String text, boolean stopped) {
    var prompt = new Prompt(Chat.of(List.of(new Message("user", "q"))), new long[] {1}, "7", "p.jsonl:1");
    return new Answer(prompt, new Generation(new long[10], new float[10], new float[10], stopped), text);
  }

  @Test void rewardsAreSummedByTheirWeights() {
    var part = bind("[{type: math, weight: 2}, {type: exact, ignore: [case]}, {type: length, free: 4, per_token: 0.5}, {type: stop, penalty: 3, name: cut},"
        + " {type: format, pattern: \".*7\"}, {type: overlong, most: 12, cache: 4}, {type: java, implementation: " + Letters.class.getName() + ", weight: 0.5}]");
    assertThat(Rewards.problems("rewards", part.rewards(), Artifacts.FOLDERS)).isEmpty();
    try (var rewards = Rewards.open(part.rewards(), new Rewards.Site(Artifacts.FOLDERS, Device.CPU))) {
      var each = rewards.sum().each(List.of(answer("it is 7", false), answer("7", true)));
      assertThat(each.keySet()).containsExactly("math", "exact", "length", "cut", "format", "overlong", "java");
      assertThat(rewards.sum().of(List.of(answer("it is 7", false), answer("7", true))))
          .containsExactly(2 + 0 - 3 - 3 + 1 - 0.5 + 3.5, 2 + 1 - 3 + 0 + 1 - 0.5 + 0.5);
    }
  }

  @Test void goldIsTheTruthOfMadeUpJudgements() {
    var world = new GoldWorld(3, 5, 1);
    var random = new Random(2);
    var worth = new double[400];
    for (int i = 0; i < worth.length; i++) {
      var row = world.judgement(random, 0, false);
      String prompt = row.path("prompt").asText();
      double chosen = world.worth(prompt, row.path("chosen").asText());
      double rejected = world.worth(prompt, row.path("rejected").asText());
      assertThat(chosen).isGreaterThanOrEqualTo(rejected);
      worth[i] = random.nextBoolean() ? chosen : rejected;
    }
    double mean = Arrays.stream(worth).average().orElseThrow();
    assertThat(mean).isBetween(-0.25, 0.25);
    assertThat(Math.sqrt(Arrays.stream(worth).map(w -> (w - mean) * (w - mean)).average().orElseThrow())).isBetween(0.8, 1.2);
    assertThat(world.worth("a b c d", "a a a a a a a")).as("two letters too many").isEqualTo(world.worth("a b c d", "a a a a a , X")).isLessThan(world.worth("a b c d", "a a a a a"));
    assertThat(world.worth("a b c d", "")).isEqualTo(world.worth("a b c d", "aa"));
    try (var rewards = Rewards.open(bind("[{type: gold, fewest: 3, most: 5}]").rewards(), new Rewards.Site(Artifacts.FOLDERS, Device.CPU))) {
      assertThat(rewards.sum().of(List.of(answer("q q", true)))).containsExactly(world.worth("q", "q q"));
    }
    assertThatThrownBy(() -> bind("[{type: gold, fewest: 3, most: 2}]")).hasMessageContaining("must be >= 1 and at most `most` (2)");
  }

  @Test void whatIsMissingIsSaidWithItsKey(@TempDir Path temp) throws IOException {
    Files.createDirectories(temp.resolve("empty"));
    var part = bind("[{type: math}, {type: math}, {type: java, implementation: com.acme.None}, {type: code, command: [no-such-thing]},"
        + " {type: model, from: nowhere}]");
    assertThat(Rewards.problems("rewards", part.rewards(), Artifacts.FOLDERS)).satisfiesExactly(
        p -> assertThat(p).startsWith("`rewards[1].name` is \"math\", as another's"),
        p -> assertThat(p).startsWith("`rewards[2].implementation` there is no class com.acme.None"),
        p -> assertThat(p).startsWith("`rewards[3].command` there is no command `no-such-thing`"),
        p -> assertThat(p).startsWith("`rewards[4].from` no folder \"nowhere\" is there"));
    assertThat(Rewards.problems("judges", List.of(), Artifacts.FOLDERS)).singleElement().asString().startsWith("`judges` is empty");
    assertThatThrownBy(() -> bind("[{type: format, pattern: \"(\"}]")).isInstanceOf(RecipeException.class).hasMessageContaining("is no regular expression");
    assertThat(part.prompts().problems("prompts", Artifacts.FOLDERS)).singleElement().asString().startsWith("`prompts.sources[0]`");
  }
}
