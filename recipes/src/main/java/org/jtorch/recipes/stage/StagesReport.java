package org.jtorch.recipes.stage;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.recipes.report.StagesPage;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunReport;
import org.jtorch.recipes.run.StageFolder;

/// The report of all stages on one page.
final class StagesReport {
  private StagesReport() {}

  static void write(RunFolder run, String title, Graph graph) {
    List<StagesPage.Section> sections = new ArrayList<>();
    graph.nodes().forEach(node -> sections.add(section(node, graph)));
    try {
      var _ = StagesPage.write(run.path(), title, sections, Files.readString(run.recipe()));
    } catch (IOException e) {
      throw new DataException("could not read " + run.recipe() + ": " + e.getMessage(), e);
    }
  }

  private static StagesPage.Section section(Node node, Graph graph) {
    var folder = graph.folder(node);
    boolean measured = Files.exists(folder.metrics());
    String state = !StageFolder.isBegun(folder) ? "not begun" : Files.exists(graph.leaves(node).folder()) ? "finished" : "begun";
    return new StagesPage.Section(node.name(), node.type().name(), String.join(", ", graph.sources(node)), state,
        measured ? RunReport.data(folder) : null, part(folder));
  }

  private static @Nullable String part(RunFolder folder) {
    if (!Files.exists(folder.part())) {
      return null;
    }
    try {
      return Files.readString(folder.part());
    } catch (IOException e) {
      throw new DataException("could not read " + folder.part() + ": " + e.getMessage(), e);
    }
  }
}
