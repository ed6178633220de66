package org.jtorch.recipes.config;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// Lays the items of a list over a block beside it, as [LaidOver] says.
record Laying(Kinds kinds, List<Problem> problems) {
  /// The list with its items laid over the block; what is no such list stays as it is.
  Tree.@Nullable Entry over(Key key, Tree.@Nullable Entry list, Tree.Mapping beside) {
    var shared = key.laidOver() == null ? null : beside.entries().get(key.laidOver());
    if (list == null || shared == null || !(list.value() instanceof Tree.Sequence items) || !(shared.value() instanceof Tree.Mapping block)) {
      return list;
    }
    var used = new HashSet<String>();
    var laid = new Tree.Entry(list.key(), items(items, item(key.type()), block, used), list.fresh());
    block.entries().forEach((name, entry) -> {
      if (!used.contains(name)) {
        problems.add(Problem.at(entry.key(), Names.join(String.valueOf(key.laidOver()), name), "no item of " + key.name() + " has this key"));
      }
    });
    return laid;
  }

  private Tree items(Tree.Sequence items, Class<?> kind, Tree.Mapping block, Set<String> used) {
    var all = new ArrayList<Tree>();
    items.items().forEach(item -> all.add(item instanceof Tree.Mapping m ? item(m, kind, block, used) : item));
    return new Tree.Sequence(all, items.origin());
  }

  private Tree item(Tree.Mapping item, Class<?> kind, Tree.Mapping block, Set<String> used) {
    var record = record(item, kinds.of(kind));
    if (record == null) {
      return item;                                            // the binder says what is wrong with it
    }
    var keys = Key.of(record);
    var under = Tree.Mapping.empty(block.origin(), false);
    block.entries().forEach((name, entry) -> {
      if (keys.containsKey(name)) {
        used.add(name);
        under.entries().put(name, entry);
      }
    });
    var laid = Tree.Mapping.empty(item.origin(), item.partial());
    laid.entries().putAll(item.over(under).entries());
    keys.forEach((name, key) -> {
      if (key.type() instanceof ParameterizedType && laid.entries().get(name) instanceof Tree.Entry(var at, Tree.Sequence inner, boolean fresh)
          && item(key.type()) == kind) {
        laid.entries().put(name, new Tree.Entry(at, items(inner, kind, block, used), fresh));
      }
    });
    return laid;
  }

  private static @Nullable Class<?> record(Tree.Mapping item, SequencedMap<String, Class<?>> choices) {
    return item.entries().get("type") instanceof Tree.Entry(_, Tree.Scalar(var name, _, _), _) && name != null
        ? choices.get(Names.loose(name)) : null;
  }

  /// What a list holds.
  private static Class<?> item(Type list) {
    return list instanceof ParameterizedType p && p.getActualTypeArguments()[0] instanceof Class<?> c ? c : Object.class;
  }
}
