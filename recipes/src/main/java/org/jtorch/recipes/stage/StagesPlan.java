package org.jtorch.recipes.stage;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jtorch.observe.Units;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.config.Bound;

/// The plan of every stage, and then all of them in one table.
final class StagesPlan {
  private static final String ROW = "%-3s %-20s %-10s %-24s %12s %10s %10s %10s";

  private final Graph graph;
  private final Recipes.Loaded loaded;
  private final PrintWriter out;
  private final Map<String, PlanFigures> byPath = new LinkedHashMap<>();        // the rounds of a group are planned once

  StagesPlan(Graph graph, Recipes.Loaded loaded, PrintWriter out) {
    this.graph = graph;
    this.loaded = loaded;
    this.out = out;
  }

  PlanFigures print() {
    List<PlanFigures> all = new ArrayList<>();
    for (Node node : graph.nodes()) {
      all.add(figures(node));
    }
    out.println(row("", "stage", "type", "takes", "parameters", "memory", "tokens", "time"));
    for (int i = 0; i < all.size(); i++) {
      Node node = graph.nodes().get(i);
      out.println(row(Integer.toString(i + 1), node.name(), node.type().name(), String.join(", ", graph.sources(node)), cells(all.get(i))));
    }
    var whole = new PlanFigures(all.getLast().parameters(), all.stream().mapToDouble(PlanFigures::bytes).max().orElse(0),
        all.stream().mapToDouble(PlanFigures::tokens).sum(), all.stream().mapToDouble(PlanFigures::seconds).sum());
    out.println(row("", "the whole run", "", "", cells(whole)));
    out.flush();
    return whole;
  }

  private PlanFigures figures(Node node) {
    return byPath.computeIfAbsent(node.path(), path -> {
      out.println("-- " + node.name() + " (" + node.type().name() + ")");
      var bound = new Bound<>((Record) node.recipe(), loaded.bound().resolved().at(path));
      var figures = node.type().plan(new Recipes.Loaded(loaded.source(), node.type(), bound), graph.artifacts(node), out);
      out.println();
      out.flush();
      return figures;
    });
  }

  private static String[] cells(PlanFigures f) {
    return new String[] {f.parameters() == 0 ? "" : String.format(Locale.ROOT, "%,d", f.parameters()),
        f.bytes() == 0 ? "" : Units.bytes(Math.round(f.bytes())), f.tokens() == 0 ? "" : Units.figure(f.tokens()), Units.time(f.seconds())};
  }

  private static String row(String number, String name, String type, String takes, String... cells) {
    return String.format(Locale.ROOT, ROW, number, name, type, takes, cells[0], cells[1], cells[2], cells[3]).stripTrailing();
  }
}
