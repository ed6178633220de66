package org.jtorch.recipes.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.Utf8;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/// YAML text to a [Tree]: no Java objects are made, so nothing in the text can name a class. Texts over a million
/// characters, nesting over fifty levels and aliases that unfold to more than 50,000 values are refused.
final class YamlReader {
  static final int MAX_CHARS = 1_000_000;
  private static final int MAX_DEPTH = 50;
  private static final int MAX_VALUES = 50_000;
  private static final Set<Tag> TAGS = Set.of(Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.NULL, Tag.TIMESTAMP, Tag.SEQ,
      Tag.MAP, Tag.MERGE, new Tag(Tag.PREFIX + "value"), new Tag("!"));

  private final String file;
  private final @Nullable Origin fixed;
  private final List<Problem> problems;
  private final Set<Node> open = Collections.newSetFromMap(new IdentityHashMap<>());
  private int values;

  private YamlReader(String file, @Nullable Origin fixed, List<Problem> problems) {
    this.file = file;
    this.fixed = fixed;
    this.problems = problems;
  }

  /// Reads a file; throws only for text that is not YAML at all.
  static Tree read(String file, String text, List<Problem> problems) {
    return new YamlReader(file, null, problems).read(text);
  }

  /// Reads one value, all of which has the given origin (an override, a default).
  static Tree value(String text, Origin origin, List<Problem> problems) {
    return new YamlReader(origin.file(), origin, problems).read(text);
  }

  private Tree read(String text) {
    try {
      if (text.length() > MAX_CHARS) {
        throw broken(1, 1, "has " + text.length() + " characters; a recipe has at most " + MAX_CHARS);
      }
      Node node = compose(text);
      return node == null ? new Tree.Scalar(null, false, origin(1, 1)) : tree(node, "");
    } catch (MarkedYAMLException e) {
      Mark mark = e.getProblemMark() != null ? e.getProblemMark() : e.getContextMark();
      String why = e.getProblem() != null ? e.getProblem() : "the text breaks off";
      throw mark == null ? broken(1, 1, why) : broken(mark.getLine() + 1, mark.getColumn() + 1, why);
    } catch (ReaderException e) {
      var before = text.substring(0, Math.clamp(e.getPosition(), 0, text.length()));
      throw broken((int) before.lines().count() + (before.isEmpty() || before.endsWith("\n") ? 1 : 0), 1,
          "the character U+" + Integer.toHexString(e.getCodePoint()) + " is not allowed in YAML");
    } catch (YAMLException | IllegalArgumentException | IndexOutOfBoundsException e) {
      if (e instanceof RecipeException recipe) throw recipe;
      throw broken(1, 1, String.valueOf(e.getMessage()));
    }
  }

  private static @Nullable Node compose(String text) {
    var options = new LoaderOptions();
    options.setCodePointLimit(MAX_CHARS + 1);
    options.setNestingDepthLimit(MAX_DEPTH);
    options.setMaxAliasesForCollections(1000); // MAX_VALUES is the limit that counts
    options.setTagInspector(_ -> true); // nodes only: no class is looked up, and tree() reports the tag
    return new Composer(new ParserImpl(new StreamReader(text), options), new Resolver(), options).getSingleNode();
  }

  private RecipeException broken(int line, int column, String why) {
    var all = new ArrayList<>(problems);
    all.add(Problem.at(origin(line, column), "", "cannot be read as YAML: " + why));
    return new RecipeException(file, all);
  }

  private Origin origin(int line, int column) {
    return fixed != null ? fixed : Origin.file(file, line, column);
  }

  private Origin origin(Node node) {
    Mark mark = node.getStartMark();
    return origin(mark.getLine() + 1, mark.getColumn() + 1);
  }

  private void problem(Node node, String path, String message) {
    problems.add(Problem.at(origin(node), path, message));
  }

  private Tree tree(Node node, String path) {
    Mark mark = node.getStartMark();
    if (++values > MAX_VALUES) {
      throw broken(mark.getLine() + 1, mark.getColumn() + 1, "its aliases unfold to more than " + MAX_VALUES + " values");
    }
    if (!open.add(node)) throw broken(mark.getLine() + 1, mark.getColumn() + 1, "an alias stands inside its own anchor");
    if (!TAGS.contains(node.getTag())) {
      problem(node, path, "the tag " + node.getTag().getValue() + " is not allowed; write plain YAML, and type: NAME to choose");
    }
    Tree tree = switch (node) {
      case ScalarNode s -> scalar(s, path);
      case SequenceNode s -> sequence(s, path);
      case MappingNode m -> mapping(m, path);
      default -> throw broken(mark.getLine() + 1, mark.getColumn() + 1, "an alias has no anchor");
    };
    open.remove(node);
    return tree;
  }

  private Tree scalar(ScalarNode node, String path) {
    boolean quoted = node.getScalarStyle() != ScalarStyle.PLAIN;
    if (!Utf8.wellFormed(node.getValue()).equals(node.getValue())) {
      problem(node, path, "holds half of a surrogate pair, which no file can hold; write the whole character, or both halves");
    }
    boolean nothing = !quoted && Set.of("", "~", "null", "Null", "NULL").contains(node.getValue());
    return new Tree.Scalar(nothing ? null : node.getValue(), quoted, origin(node));
  }

  private Tree sequence(SequenceNode node, String path) {
    var items = new ArrayList<Tree>();
    for (Node item : node.getValue()) items.add(tree(item, path + "[" + items.size() + "]"));
    return new Tree.Sequence(items, origin(node));
  }

  private Tree mapping(MappingNode node, String path) {
    var block = Tree.Mapping.empty(origin(node), false);
    for (NodeTuple pair : node.getValue()) {
      if (!(pair.getKeyNode() instanceof ScalarNode key)) {
        problem(pair.getKeyNode(), path, "a key must be a plain word");
        continue;
      }
      String name = key.getValue();
      String here = Names.join(path, name);
      if (key.getTag().equals(Tag.MERGE)) {
        problem(key, here, "merge keys are not supported; use extends: OTHER-RECIPE");
        continue;
      }
      var entry = new Tree.Entry(origin(key), tree(pair.getValueNode(), here), false);
      var first = block.entries().putIfAbsent(name, entry);
      if (first != null) problem(key, here, "duplicate key; the first is at " + first.key().line() + ":" + first.key().column());
    }
    return block;
  }
}
