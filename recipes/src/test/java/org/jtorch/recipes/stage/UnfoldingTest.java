package org.jtorch.recipes.stage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.RecipeSource;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.config.StrictYaml;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Groups, names and references, on stages that do nothing.
class UnfoldingTest {
  @TempDir Path temp = Path.of("");

  @Named("nothing")
  record Nothing(String name, @Nullable Reference from, @Nullable Reference teacher) implements Stage {}

  static final class NothingType implements RecipeType {
    @Override public String name() {
      return "nothing";
    }

    @Override public Class<? extends Record> recordType() {
      return Nothing.class;
    }

    @Override public List<String> problems(Object recipe, Artifacts known) {
      var nothing = (Nothing) recipe;
      try {
        return nothing.from() == null || known.find(nothing.from()) instanceof Artifact.Results ? List.of() : List.of("`from` of another kind");
      } catch (IllegalArgumentException e) {
        return List.of("`from` " + e.getMessage());
      }
    }

    @Override public Artifact leaves(Object recipe, Path folder, Artifacts known) {
      return new Artifact.Results(folder.resolve("results"));
    }

    @Override public PlanFigures plan(Recipes.Loaded recipe, Artifacts known, PrintWriter out) {
      return PlanFigures.NOTHING;
    }

    @Override public int run(Recipes.Loaded recipe, RunArgs args) {
      throw new AssertionError("nobody asked for a run");
    }
  }

  private Graph graph(String stages) {
    var types = List.<RecipeType>of(new NothingType());
    var kinds = new StagesType(types).kinds();
    var bound = StrictYaml.bind(StagesRecipe.class, RecipeSource.of("test", "name: t\nstages:\n" + stages), List.of(), kinds);
    return new Graph(bound.value(), types, temp);
  }

  private static List<String> names(Graph graph) {
    return graph.nodes().stream().map(Node::name).toList();
  }

  private static List<String> sources(Graph graph) {
    return graph.nodes().stream().map(node -> node.name() + "<" + String.join(",", graph.sources(node))).toList();
  }

  @Test void aGroupBecomesItsRoundsAndEachTakesFromTheOneBefore() {
    var graph = graph("""
        - {type: nothing, name: base}
        - type: group
          name: rounds
          repeat: 3
          carry: {policy: {first: base, then: dpo}, judge: {first: base, then: reward}}
          stages:
            - {type: nothing, name: reward, from: policy, teacher: judge}
            - {type: nothing, name: dpo, from: policy, teacher: reward}
        - {type: nothing, name: last, from: rounds, teacher: rounds.reward}
        - {type: nothing, name: first, from: rounds-1.dpo}
        """);
    assertThat(graph.problems()).isEmpty();
    assertThat(names(graph)).containsExactly("base", "rounds-1.reward", "rounds-1.dpo", "rounds-2.reward", "rounds-2.dpo", "rounds-3.reward",
        "rounds-3.dpo", "last", "first");
    assertThat(sources(graph)).containsExactly("base<", "rounds-1.reward<base", "rounds-1.dpo<base,rounds-1.reward",
        "rounds-2.reward<rounds-1.dpo,rounds-1.reward", "rounds-2.dpo<rounds-1.dpo,rounds-2.reward", "rounds-3.reward<rounds-2.dpo,rounds-2.reward",
        "rounds-3.dpo<rounds-2.dpo,rounds-3.reward", "last<rounds-3.dpo,rounds-3.reward", "first<rounds-1.dpo");
  }

  @Test void groupsNest() {
    var graph = graph("""
        - type: group
          name: outer
          repeat: 2
          stages:
            - {type: nothing, name: a}
            - type: group
              name: inner
              repeat: 2
              carry: {x: {first: a, then: b}}
              stages: [{type: nothing, name: b, from: x}]
        - {type: nothing, name: end, from: outer}
        """);
    assertThat(graph.problems()).isEmpty();
    assertThat(sources(graph)).containsExactly("outer-1.a<", "outer-1.inner-1.b<outer-1.a", "outer-1.inner-2.b<outer-1.inner-1.b", "outer-2.a<",
        "outer-2.inner-1.b<outer-2.a", "outer-2.inner-2.b<outer-2.inner-1.b", "end<outer-2.inner-2.b");
  }

  @Test void circlesAndLaterStagesAreSaid() {
    assertThat(graph("""
        - {type: nothing, name: a, from: b}
        - {type: nothing, name: b, teacher: a}
        - {type: nothing, name: c, from: c}
        - {type: nothing, name: d, from: e}
        - {type: nothing, name: e}
        """).problems()).containsExactly(
        "`stages[0].from` names the stage \"b\", which comes later and takes from this one: they go round in a circle; let one of them begin"
            + " from something else",
        "`stages[2].from` names the stage itself: it would take from what it leaves; name an earlier stage",
        "`stages[3].from` names the stage \"e\", which comes later; move it before this one");
  }

  @Test void namesThatAreWrongOrMissingAreSaidOnceWithWhatIsNear() {
    assertThat(graph("""
        - {type: nothing, name: core}
        - {type: nothing, name: core}
        - {type: nothing, name: "a/b"}
        - type: group
          name: rounds
          repeat: 2
          stages: [{type: nothing, name: x, from: cor}]
        """).problems()).containsExactly(
        "`stages[1].name` another stage is called \"core\"; give each its own name",
        "`stages[2].name` is \"a/b\", but names a folder: letters, digits, - and _; e.g. core",
        "`stages[3].stages[0].from` \"cor\" is neither an earlier stage nor a folder; did you mean \"core\"?");
  }

  @Test void whatDependsOnAWrongStageIsNotLookedAt() {
    assertThat(graph("""
        - {type: nothing, name: a, from: nowhere}
        - {type: nothing, name: b, from: a}
        - {type: nothing, name: c, from: b}
        """).problems()).hasSize(1).first().asString().startsWith("`stages[0].from` \"nowhere\"");
  }

  @Test void inputsKnowWhetherWhatWasTakenIsTheSame() throws Exception {
    var graph = graph("- {type: nothing, name: a}\n- {type: nothing, name: b, from: a}\n");
    Node b = graph.nodes().getLast();
    Path left = Files.createDirectories(graph.leaves(graph.nodes().getFirst()).folder());
    Path file = Files.writeString(left.resolve("table.txt"), "1");
    var before = Inputs.of(graph.inputs(b), temp);
    before.write(temp);
    assertThat(Inputs.of(graph.inputs(b), temp).changes(Inputs.read(temp))).isEmpty();
    Files.writeString(file, "22");
    assertThat(Inputs.of(graph.inputs(b), temp).changes(Inputs.read(temp))).containsExactly("stages/a/results (from) is not what it was");
    var other = graph("- {type: nothing, name: c}\n- {type: nothing, name: b, from: c}\n");
    assertThat(Inputs.of(other.inputs(other.nodes().getLast()), temp).changes(Inputs.read(temp)))
        .containsExactly("from is stages/c/results, no longer stages/a/results");
  }
}
