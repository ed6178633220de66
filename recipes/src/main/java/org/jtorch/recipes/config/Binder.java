package org.jtorch.recipes.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A tree to a value of a Java type. Problems are collected, never thrown, so that one run reports all of them.
final class Binder {
  private static final int MAX_DEPTH = 60;
  private static final Pattern BLAMES = Pattern.compile("(?s)`([^`]+)`[:,]?\\s*(.*)");

  private final List<Problem> problems;
  private final Kinds kinds;
  private int depth;

  Binder(List<Problem> problems, Kinds kinds) {
    this.problems = problems;
    this.kinds = kinds;
  }

  /// What binding gave: the value (null if it failed, or if it is null by right) and the tree with defaults filled in.
  record Slot<T extends Tree>(@Nullable Object value, T tree) {}

  /// A whole recipe; its `type` must be the record's name if that is given by [Named].
  Slot<Tree.Mapping> root(Class<?> type, Tree.Mapping tree) {
    boolean own = type.isRecord() && Key.of(type).containsKey("type");
    var named = own ? null : tree.entries().get("type");
    if (named == null) return record(type, tree, "", Set.of(), tree.origin());
    if (type.isAnnotationPresent(Named.class)
        && !(named.value() instanceof Tree.Scalar(var text, _, _) && Names.type(type).equals(text))) {
      problem(named.value().origin(), "type", "expected type: " + Names.type(type));
    }
    return record(type, tree, "", Set.of("type"), tree.origin());
  }

  private void problem(Origin origin, String path, String message) {
    problems.add(Problem.at(origin, path, message));
  }

  private Slot<? extends Tree> bind(Type type, Tree tree, String path) {
    if (++depth > MAX_DEPTH) {
      throw new IllegalStateException(path + ": records nest more than " + MAX_DEPTH + " deep; does one hold itself by default?");
    }
    try {
      return switch (type) {
        case ParameterizedType p when p.getRawType() == List.class -> list(p.getActualTypeArguments()[0], p, tree, path);
        case ParameterizedType p -> map(p.getActualTypeArguments()[1], p, tree, path);
        case Class<?> c when Scalars.isScalar(c) -> scalar(c, tree, path);
        case Class<?> c when c == Shared.class -> shared(tree, path);
        case Class<?> c when c.isRecord() && tree instanceof Tree.Mapping m -> record(c, m, path, Set.of(), m.origin());
        case Class<?> c when kinds.isChoice(c) -> choice(c, tree, path);
        case Class<?> c when c.isRecord() -> mismatch(c, tree, path);
        default -> throw new IllegalStateException(path + ": recipes cannot hold a " + type);
      };
    } finally {
      depth--;
    }
  }

  /// Kept as it is: the items of the list that is laid over it bind it.
  private Slot<Tree> shared(Tree tree, String path) {
    return tree instanceof Tree.Mapping block ? new Slot<>(new Shared(Resolved.flat(block)), block) : mismatch(Shared.class, tree, path);
  }

  private Slot<Tree> mismatch(Type type, Tree tree, String path) {
    String got = switch (tree) {
      case Tree.Scalar(var text, _, _) when text == null -> "nothing";
      case Tree.Scalar s -> "\"" + s.text() + "\"";
      case Tree.Sequence _ -> "a list";
      case Tree.Mapping _ -> "a block of keys";
    };
    problem(tree.origin(), path, "expected " + Scalars.expected(type) + ", got " + got);
    return new Slot<>(null, tree);
  }

  private Slot<Tree> scalar(Class<?> type, Tree tree, String path) {
    if (!(tree instanceof Tree.Scalar(var text, boolean quoted, var origin)) || text == null) return mismatch(type, tree, path);
    try {
      return new Slot<>(Scalars.convert(type, text, quoted), tree);
    } catch (IllegalArgumentException e) {
      problem(origin, path, String.valueOf(e.getMessage()));
      return new Slot<>(null, tree);
    }
  }

  private Slot<Tree> list(Type item, Type whole, Tree tree, String path) {
    if (!(tree instanceof Tree.Sequence list)) return mismatch(whole, tree, path);
    var values = new ArrayList<Object>();
    var trees = new ArrayList<Tree>();
    for (Tree t : list.items()) {
      var slot = bind(item, t, path + "[" + trees.size() + "]");
      trees.add(slot.tree());
      if (slot.value() != null) values.add(slot.value());
    }
    boolean complete = values.size() == trees.size();
    return new Slot<>(complete ? Collections.unmodifiableList(values) : null, new Tree.Sequence(trees, list.origin()));
  }

  private Slot<Tree> map(Type item, Type whole, Tree tree, String path) {
    if (!(tree instanceof Tree.Mapping block)) return mismatch(whole, tree, path);
    var values = new LinkedHashMap<String, Object>();
    var bound = Tree.Mapping.empty(block.origin(), false);
    block.entries().forEach((key, entry) -> {
      String here = Names.join(path, key);
      if (entry.fresh()) {
        problem(entry.key(), here, "no such entry" + Suggest.hint(key, block.entries().sequencedKeySet().stream()
            .filter(k -> !k.equals(key)).toList()) + " (to add one write +" + here + "=...)");
      }
      var slot = bind(item, entry.value(), here);
      bound.entries().put(key, new Tree.Entry(entry.key(), slot.tree(), false));
      if (slot.value() != null) values.put(key, slot.value());
    });
    boolean complete = values.size() == bound.entries().size();
    return new Slot<>(complete ? Collections.unmodifiableMap(values) : null, bound);
  }

  private Slot<? extends Tree> choice(Class<?> sealed, Tree tree, String path) {
    var block = switch (tree) {
      case Tree.Scalar s when s.text() != null -> Overrides.typed(s);
      case Tree.Mapping m -> m;
      default -> null;
    };
    if (block == null) return mismatch(sealed, tree, path);
    var choices = kinds.of(sealed);
    var entry = block.entries().get("type");
    var meant = sealed.getAnnotation(DefaultType.class);
    if (entry == null && meant != null) {
      return record(Objects.requireNonNull(choices.get(meant.value()), "a default type is one of the permitted"), block, path, Set.of(), block.origin());
    }
    if (entry == null || !(entry.value() instanceof Tree.Scalar(var name, _, var origin)) || name == null) {
      problem(block.origin(), Names.join(path, "type"), "missing key; write type: one of " + String.join(", ", choices.keySet()));
      return new Slot<>(null, block);
    }
    for (var choice : choices.entrySet()) {
      if (Names.loose(choice.getKey()).equals(Names.loose(name))) {
        return record(choice.getValue(), block, path, Set.of("type"), block.origin());
      }
    }
    String near = Suggest.nearest(name, choices.keySet());
    problem(origin, Names.join(path, "type"), "unknown type \"" + name + "\""
        + (near == null ? "" : "; did you mean \"" + near + "\"?") + " (one of " + String.join(", ", choices.keySet()) + ")");
    return new Slot<>(null, block);
  }

  /// Binds every key, reports the unknown and the missing ones, and calls the constructor if all is well.
  private Slot<Tree.Mapping> record(Class<?> type, Tree.Mapping block, String path, Set<String> extra, Origin origin) {
    var keys = Key.of(type);
    int before = problems.size();
    block.entries().forEach((name, entry) -> {
      if (!keys.containsKey(name) && !extra.contains(name)) unknown(name, entry, keys.keySet(), path);
    });
    var bound = Tree.Mapping.empty(origin, false);
    for (String name : extra) {
      var given = block.entries().get(name);
      if (given != null) bound.entries().put(name, given);
    }
    var values = new ArrayList<@Nullable Object>();
    for (Key key : keys.values()) {
      var entry = new Laying(kinds, problems).over(key, entry(key, block, path), block);
      Object value = null;
      if (entry != null) {
        boolean nothing = entry.value() instanceof Tree.Scalar(var text, _, _) && text == null && key.nullable();
        var slot = nothing ? new Slot<>(null, entry.value()) : bind(key.type(), entry.value(), Names.join(path, key.name()));
        value = slot.value();
        bound.entries().put(key.name(), new Tree.Entry(entry.key(), slot.tree(), false));
      }
      values.add(value);
    }
    return new Slot<>(problems.size() > before ? null : construct(type, values.toArray(), bound, path), bound);
  }

  private void unknown(String name, Tree.Entry entry, Set<String> known, String path) {
    String near = known.contains(Names.snake(name)) ? Names.snake(name) : Suggest.nearest(name, known);
    problem(entry.key(), Names.join(path, name), "unknown key" + (near != null ? "; did you mean \"" + near + "\"?"
        : known.isEmpty() ? "; there are no keys here" : "; one of: " + String.join(", ", known)));
  }

  /// What the recipe says for a key, laid over the default where an override gave only a part of it.
  private Tree.@Nullable Entry entry(Key key, Tree.Mapping block, String path) {
    var given = block.entries().get(key.name());
    if (given != null && !(given.value() instanceof Tree.Mapping m && m.partial())) return given;
    var origin = block.origin().asDefault();
    if (key.fallback() == null) {
      if (given != null) return given;
      if (key.nullable()) return new Tree.Entry(origin, new Tree.Scalar(null, false, origin), false);
      problem(block.origin(), Names.join(path, key.name()), "missing key" + (key.doc().isEmpty() ? "" : " (" + key.doc() + ")")
          + "; e.g. " + key.name() + ": " + Scalars.example(key.type()));
      return null;
    }
    var fallback = new Tree.Entry(origin, YamlReader.value(key.fallback(), origin, problems), false);
    if (given == null) return fallback;
    if (fallback.value() instanceof Tree.Scalar s && s.text() != null) {
      fallback = new Tree.Entry(origin, Overrides.typed(s), false);
    }
    return given.over(fallback);
  }

  private @Nullable Object construct(Class<?> type, @Nullable Object[] values, Tree.Mapping bound, String path) {
    try {
      var constructor = type.getDeclaredConstructor(
          Arrays.stream(type.getRecordComponents()).map(RecordComponent::getType).toArray(Class<?>[]::new));
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      switch (e.getCause()) {
        case IllegalArgumentException refused -> blame(String.valueOf(refused.getMessage()), bound, path);
        case RuntimeException other -> problem(bound.origin(), path, "refused: " + other);
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException("cannot make a " + type.getName(), e);
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make a " + type.getName(), e);
    }
    return null;
  }

  /// Puts a constructor's message at the key that it names first in backticks, or else at the block.
  private void blame(String message, Tree.Mapping bound, String path) {
    var m = BLAMES.matcher(message);
    if (m.matches()) {
      String key = bound.entries().containsKey(m.group(1)) ? m.group(1) : Names.snake(m.group(1));
      Tree at = key.matches("[\\w.\\[\\]-]+") ? find(bound, key) : null;
      if (at != null) {
        problem(at.origin(), Names.join(path, key), m.group(2));
        return;
      }
    }
    problem(bound.origin(), path, message);
  }

  /// The value at a path that may be none.
  static @Nullable Tree find(Tree tree, String path) {
    try {
      return tree.at(path);
    } catch (IllegalArgumentException notAPath) {
      return null;
    }
  }
}
