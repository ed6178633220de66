package org.jtorch.recipes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExtendsTest {
  private static RecipeSource source(String name, Map<String, String> files) {
    var text = files.get(name);
    if (text == null) throw new IllegalArgumentException("no recipe named \"" + name + "\"");
    return new RecipeSource(name, text, other -> source(other, files));
  }

  private static Bound<Sample> bind(Map<String, String> files) {
    return StrictYaml.bind(Sample.class, source("child", files), List.of());
  }

  @Test void blocksMergeDeeplyAndListsAreReplaced() {
    var bound = bind(Map.of(
        "base", "type: sample\nsteps: 1\noptim: {type: adamw, learning_rate: 1, eps: 2}\nbetas: [1, 2]\nschedule: {type: cosine, floor: 1}\n",
        "middle", "extends: base\nweight_decay: 0.5\nschedule: {type: warm-up, steps: 4}\n",
        "child", "extends: middle\nsteps: 7\noptim: {eps: 3}\nbetas: [5]\n"));
    var s = bound.value();
    assertThat(s.steps()).isEqualTo(7);
    assertThat(s.weightDecay()).isEqualTo(0.5);
    assertThat(s.optim()).isEqualTo(new Sample.AdamW(1, 3));
    assertThat(s.betas()).containsExactly(5.0);
    assertThat(s.schedule()).isEqualTo(new Sample.WarmUp(4));
    assertThat(bound.resolved().origin("optim.learning_rate")).isEqualTo("base:3:37");
    assertThat(bound.resolved().origin("optim.eps")).isEqualTo("child:3:14");
  }

  @Test void problemsInTheParentNameItsFile() {
    assertThatThrownBy(() -> bind(Map.of("base", "steps: x\n", "child", "extends: base\nnotee: 1\n")))
        .hasMessageContaining("  2:1       notee  unknown key")
            .hasMessageContaining("  base:1:8  steps  expected a whole number");
    assertThatThrownBy(() -> bind(Map.of("base", "a: [", "child", "extends: base\n"))).hasMessageContaining("base:1:5")
        .hasMessageContaining("as YAML");
  }

  @Test void circlesAndWrongParentsAreRefused() {
    assertThatThrownBy(() -> bind(Map.of("child", "extends: b\nsteps: 1", "b", "extends: child")))
        .isInstanceOf(RecipeException.class).hasMessageContaining("in a circle: child -> b -> child");
    assertThatThrownBy(() -> bind(Map.of("child", "extends: nobody\nsteps: 1")))
        .isInstanceOf(RecipeException.class).hasMessageContaining("1:10  extends  no recipe named \"nobody\"");
    assertThatThrownBy(() -> bind(Map.of("child", "extends: [a]\nsteps: 1")))
        .hasMessageContaining("the name or path of one recipe");
    assertThatThrownBy(() -> bind(Map.of("child", "extends: b\ntype: sample\nsteps: 1", "b", "type: other")))
        .hasMessageContaining("a recipe of another type");
    assertThatThrownBy(() -> StrictYaml.bind(Sample.class, RecipeSource.of("x", "extends: y\nsteps: 1"), List.of()))
        .hasMessageContaining("can be found from here");
  }
}
