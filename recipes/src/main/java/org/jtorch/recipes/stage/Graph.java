package org.jtorch.recipes.stage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.config.References;
import org.jtorch.recipes.config.Suggest;
import org.jtorch.recipes.run.RunFolder;

/// The stages of a run and what each takes from the others.
final class Graph {
  private final Path root;
  private final List<Node> nodes;
  private final List<String> unfolding;
  private final Map<String, Node> byName = new LinkedHashMap<>();
  private final Map<String, Artifact> left = new LinkedHashMap<>();

  /// @param root the run's folder
  Graph(StagesRecipe recipe, List<RecipeType> types, Path root) {
    var unfolding = new Unfolding(types);
    this.root = root;
    this.nodes = unfolding.of(recipe);
    this.unfolding = unfolding.problems();
    nodes.forEach(node -> byName.put(node.name(), node));
  }

  /// In the order in which they run.
  List<Node> nodes() {
    return nodes;
  }

  /// Where a stage runs.
  RunFolder folder(Node node) {
    return new RunFolder(root.resolve("stages").resolve(node.name()));
  }

  /// What a stage leaves, which may be a promise.
  Artifact leaves(Node node) {
    var known = left.get(node.name());
    if (known == null) {
      known = node.type().leaves(node.recipe(), folder(node).path(), artifacts(node));
      left.put(node.name(), known);
    }
    return known;
  }

  /// From here on what a stage leaves is looked up anew: one that has run may have left another model than it had promised.
  void forgetPromises() {
    left.clear();
  }

  /// What is wrong with one stage, given what those before it have left.
  List<String> problems(Node node) {
    return node.type().problems(node.recipe(), artifacts(node)).stream().map(text -> at(node.path(), text)).toList();
  }

  /// Where a stage finds what it takes.
  Artifacts artifacts(Node node) {
    return reference -> {
      var target = byName.get(node.target(reference));
      if (target != null && node.visible().containsKey(reference.text())) {
        return leaves(target);
      }
      var folder = new Reference(node.target(reference));
      if (!Files.isDirectory(Path.of(folder.text()))) {
        throw new IllegalArgumentException("\"" + reference + "\" is neither an earlier stage nor a folder"
            + Suggest.hint(reference.text(), node.visible().keySet()));
      }
      return Artifacts.FOLDERS.find(folder);
    };
  }

  /// Everything that is wrong, each with the path of its key. What depends on a stage that is so wrong that nobody knows what it will
  /// leave is not looked at.
  List<String> problems() {
    var problems = new LinkedHashSet<>(unfolding);                    // the rounds of a group have the same
    var unknown = new HashSet<String>();
    for (Node node : nodes) {
      var own = order(node);
      boolean takesUnknown = References.in((Record) node.recipe()).values().stream().anyMatch(r -> unknown.contains(node.target(r)));
      if (own.isEmpty() && !takesUnknown) {
        own = problems(node);
      }
      problems.addAll(own);
      if (takesUnknown || !own.isEmpty() && !promises(node)) {
        unknown.add(node.name());
      }
    }
    return List.copyOf(problems);
  }

  /// What keeps a run without problems from beginning.
  List<String> obstacles() {
    return nodes.stream().flatMap(node -> node.type().obstacles(node.recipe()).stream().map(text -> at(node.path(), text))).distinct().toList();
  }

  /// Whether a stage with problems has an answer to what it leaves nevertheless.
  private boolean promises(Node node) {
    try {
      var _ = leaves(node);
      return true;
    } catch (RuntimeException _) {
      return false;                                                   // one of its problems, which are said
    }
  }

  /// References to stages that come later, or to itself.
  private List<String> order(Node node) {
    var problems = new ArrayList<String>();
    References.in((Record) node.recipe()).forEach((path, reference) -> {
      String key = "`" + node.path() + "." + path + "` ";
      var named = byName.get(node.name().substring(0, node.name().lastIndexOf('.') + 1) + reference.text());      // in the same round
      if (node.visible().containsKey(reference.text()) || named == null) {
        return;
      }
      if (named == node) {
        problems.add(key + "names the stage itself: it would take from what it leaves; name an earlier stage");
      } else {
        problems.add(key + "names the stage \"" + reference + "\", which comes later" + (reaches(named, node.name(), new HashSet<>())
            ? " and takes from this one: they go round in a circle; let one of them begin from something else"
            : "; move it before this one"));
      }
    });
    return problems;
  }

  /// Whether a stage takes, at any remove, from the one of that name.
  private boolean reaches(Node from, String name, Set<String> seen) {
    return seen.add(from.name()) && References.in((Record) from.recipe()).values().stream().anyMatch(reference -> {
      var target = byName.get(from.target(reference));
      return from.target(reference).equals(name) || target != null && reaches(target, name, seen);
    });
  }

  /// A problem of a stage with the path of its key in the whole recipe.
  private static String at(String path, String problem) {
    int end = problem.startsWith("`") ? problem.indexOf('`', 1) : -1;
    return end < 2 ? "`" + path + "` " + problem : "`" + path + "." + problem.substring(1);
  }

  /// The stages that a stage takes from, and the folders, in the order of its keys.
  List<String> sources(Node node) {
    return References.in((Record) node.recipe()).values().stream().map(node::target).distinct().toList();
  }

  /// What the reference at a key of a stage stands for.
  Map<String, Artifact> inputs(Node node) {
    var inputs = new LinkedHashMap<String, Artifact>();
    References.in((Record) node.recipe()).forEach((path, reference) ->
        inputs.put(path, Objects.requireNonNull(artifacts(node).find(reference))));
    return inputs;
  }
}
