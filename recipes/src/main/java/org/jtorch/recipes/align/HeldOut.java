package org.jtorch.recipes.align;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jtorch.align.chats.ChatSet;
import org.jtorch.align.chats.Problems;
import org.jtorch.data.BatchOrder;
import org.jtorch.recipes.Artifacts;

/// Examples of several sources, those to train on apart from those to validate on.
///
/// @param train of each source
/// @param held of all sources together; may be empty
record HeldOut<E>(List<List<E>> train, List<E> held) {
  /// Reads, encodes and divides the sources of a recipe; which examples are held out depends on the seed alone.
  ///
  /// @param encode makes rows of what a source holds
  /// @param note hears what was found, and what is the matter with some of it
  static <E> HeldOut<E> read(ChatRecipe recipe, Artifacts known, BiFunction<ChatSet, Problems, List<E>> encode, Consumer<String> note) {
    var chats = recipe.chats();
    var train = new ArrayList<List<E>>();
    var held = new ArrayList<E>();
    for (var source : chats.sources()) {
      var set = source.read(known);
      var problems = new Problems();
      var rows = encode.apply(set, problems);
      set.describe().forEach(note);
      problems.describe().forEach(note);
      divide(rows, chats.heldOut(), recipe.seed(), train, held);
    }
    return new HeldOut<>(train, held);
  }

  /// Divides one source, as [#read] does.
  static <E> void divide(List<E> rows, double share, long seed, List<List<E>> train, List<E> held) {
    int n = (int) Math.min(rows.size() - 1L, Math.ceil(share * rows.size()));
    var order = new BatchOrder(seed, rows.size());
    var chosen = new HashSet<Long>();
    for (int i = 0; i < n; i++) {
      chosen.add(order.row(0, i));
    }
    var rest = new ArrayList<E>();
    for (int i = 0; i < rows.size(); i++) {
      (chosen.contains((long) i) ? held : rest).add(rows.get(i));
    }
    train.add(rest);
  }

  /// Examples to train on, in all.
  int examples() {
    return train.stream().mapToInt(List::size).sum();
  }
}
