package org.jtorch.recipes.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// A YAML value that knows where it was written. Blocks and lists are mutable until they are bound.
sealed interface Tree {
  Origin origin();

  /// The same value, said to come from somewhere else.
  Tree from(Origin origin);

  /// A scalar as it was written; `text` is null for YAML's null.
  record Scalar(@Nullable String text, boolean quoted, Origin origin) implements Tree {
    @Override public Tree from(Origin other) {
      return new Scalar(text, quoted, other);
    }
  }

  /// A list.
  record Sequence(List<Tree> items, Origin origin) implements Tree {
    @Override public Tree from(Origin other) {
      return new Sequence(items.stream().map(t -> t.from(other)).toList(), other);
    }

    private @Nullable Tree item(@Nullable Integer i) {
      return i == null || i >= items.size() ? null : items.get(i);
    }
  }

  /// A block of keys; `partial` if an override made it and it still has to be laid over the default.
  record Mapping(SequencedMap<String, Entry> entries, Origin origin, boolean partial) implements Tree {
    static Mapping empty(Origin origin, boolean partial) {
      return new Mapping(new LinkedHashMap<>(), origin, partial);
    }

    @Override public Tree from(Origin other) {
      var copy = empty(other, partial);
      entries.forEach((key, e) -> copy.entries.put(key, new Entry(other, e.value.from(other), e.fresh)));
      return copy;
    }

    private @Nullable Tree value(String key) {
      var entry = entries.get(key);
      return entry == null ? null : entry.value;
    }

    /// This block laid over `base`: blocks merge key by key, everything else is replaced, and so is a block of
    /// another `type`.
    Mapping over(Mapping base) {
      if (otherType(base)) return this;
      var merged = empty(base.origin, false);
      merged.entries.putAll(base.entries);
      entries.forEach((key, e) -> merged.entries.put(key, e.over(base.entries.get(key))));
      return merged;
    }

    /// Whether both say `type:` and not the same.
    boolean otherType(Mapping base) {
      return entries.get("type") instanceof Entry(_, Scalar mine, _)
          && base.entries.get("type") instanceof Entry(_, Scalar theirs, _)
          && mine.text != null && !mine.text.equals(theirs.text);
    }
  }

  /// A key's place and its value; `fresh` if an override made the key without asking for it with a `+`.
  record Entry(Origin key, Tree value, boolean fresh) {
    Entry over(@Nullable Entry base) {
      if (base == null) return this;
      if (value instanceof Mapping mine && base.value instanceof Mapping theirs) {
        return new Entry(base.key, mine.over(theirs), false);
      }
      return new Entry(key, value, false);
    }
  }

  /// The value at `a.b[1].c`, or null.
  default @Nullable Tree at(String path) {
    Tree here = this;
    for (String step : Names.steps(path)) {
      if (here == null) return null;
      here = switch (here) {
        case Mapping m -> m.value(step);
        case Sequence s -> s.item(Names.index(step));
        case Scalar _ -> null;
      };
    }
    return here;
  }
}
