package org.jtorch.recipes.config;

import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.reader.StreamReader;

/// A recipe with every value spelled out, and where each came from: `file:line:col`, `override` or `default`.
public final class Resolved {
  private static final Pattern SAFE = Pattern.compile("[A-Za-z0-9_./][A-Za-z0-9_./+\\-]*|[-+][0-9.][A-Za-z0-9_./+\\-]*");
  private static final int COLUMN = 44;

  private final String recipe;
  private final Tree.Mapping root;

  Resolved(String recipe, Tree.Mapping root) {
    this.recipe = recipe;
    this.root = root;
  }

  /// The name of the recipe.
  public String recipe() {
    return recipe;
  }

  /// The block at a path as a recipe of its own.
  public Resolved at(String path) {
    if (!(root.at(path) instanceof Tree.Mapping block)) {
      throw new IllegalArgumentException("\"" + path + "\" is no block of " + recipe);
    }
    return new Resolved(recipe, block);
  }

  /// The same without some keys of its top.
  public Resolved without(Set<String> keys) {
    var rest = Tree.Mapping.empty(root.origin(), false);
    root.entries().forEach((key, entry) -> {
      if (!keys.contains(key)) {
        rest.entries().put(key, entry);
      }
    });
    return new Resolved(recipe, rest);
  }

  /// Where the value at `stages[1].optim.lr` came from, or null if there is none.
  public @Nullable String origin(String path) {
    Tree at = root.at(path);
    return at == null ? null : at.origin().describe();
  }

  /// The value at a path as YAML on one line, `null` if there is none.
  public String text(String path) {
    Tree at = root.at(path);
    return at == null ? "null" : flat(at);
  }

  /// A problem found later (a file that is missing), placed where the value at `path` was written. A path that the
  /// recipe does not have is placed at its top.
  public Problem problem(String path, String message) {
    Tree at = Binder.find(root, path);
    return Problem.at(at == null ? root.origin() : at.origin(), path, message);
  }

  /// The recipe as YAML with the origin of each value behind it; binds to the same record again.
  public String toYaml() {
    var out = new StringBuilder();
    if (root.entries().isEmpty()) return "{}\n";
    block(root, 0, out, false);
    return out.toString();
  }

  private static void block(Tree.Mapping block, int indent, StringBuilder out, boolean afterDash) {
    boolean first = afterDash;
    for (var e : block.entries().entrySet()) {
      if (!first) out.append(" ".repeat(indent));
      first = false;
      node(quote(e.getKey(), false) + ":", e.getValue().value(), indent, indent + 2, out);
    }
  }

  private static void node(String head, Tree tree, int column, int indent, StringBuilder out) {
    boolean dash = head.equals("-");
    switch (tree) {
      case Tree.Mapping m when !m.entries().isEmpty() -> {
        out.append(head).append(dash ? ' ' : '\n');
        block(m, indent, out, dash);
      }
      case Tree.Sequence s when !inline(s) -> {
        out.append(head).append(dash ? ' ' : '\n');
        items(s, indent, out, dash);
      }
      default -> {
        String text = head + " " + flat(tree);
        out.append(text).append(" ".repeat(Math.max(2, COLUMN - column - text.length())))
            .append("# ").append(comment(tree.origin().describe())).append('\n');
      }
    }
  }

  private static void items(Tree.Sequence list, int indent, StringBuilder out, boolean afterDash) {
    boolean first = afterDash;
    for (Tree item : list.items()) {
      if (!first) out.append(" ".repeat(indent));
      first = false;
      node("-", item, indent, indent + 2, out);
    }
  }

  /// Whether a list holds single values of one origin only, and so fits on one line.
  private static boolean inline(Tree.Sequence list) {
    return list.items().stream().allMatch(t -> t instanceof Tree.Scalar s && sameOrigin(s.origin(), list.origin()));
  }

  private static boolean sameOrigin(Origin a, Origin b) {
    return a.kind() == b.kind() && a.file().equals(b.file());
  }

  static String flat(Tree tree) {
    return switch (tree) {
      case Tree.Scalar(var text, boolean quoted, _) -> text == null ? "null" : quote(text, quoted);
      case Tree.Sequence s -> "[" + String.join(", ", s.items().stream().map(Resolved::flat).toList()) + "]";
      case Tree.Mapping(var entries, _, _) -> "{" + String.join(", ", entries.entrySet().stream()
          .map(e -> quote(e.getKey(), false) + ": " + flat(e.getValue().value())).toList()) + "}";
    };
  }

  private static String comment(String text) {
    return text.codePoints().allMatch(Resolved::plain) ? text : quote(text, true);
  }

  private static boolean plain(int c) {
    boolean control = c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff;
    return !control && StreamReader.isPrintable(c);
  }

  /// A text as YAML, in quotes where it needs them.
  static String quote(String text, boolean quoted) {
    if (!quoted && SAFE.matcher(text).matches() && !List.of("null", "Null", "NULL").contains(text)) return text;
    var s = new StringBuilder("\"");
    text.codePoints().forEach(c -> {
      if (c == '"' || c == '\\') {
        s.append('\\').appendCodePoint(c);
      } else if (c == '\n') {
        s.append("\\n");
      } else if (!plain(c)) {
        s.append("\\U00").append(HexFormat.of().toHexDigits(c, 6));
      } else {
        s.appendCodePoint(c);
      }
    });
    return s.append('"').toString();
  }
}
