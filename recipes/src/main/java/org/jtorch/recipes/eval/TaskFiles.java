package org.jtorch.recipes.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.jtorch.data.Document;
import org.jtorch.data.Jsonl;
import org.jtorch.data.LineCorpus;
import org.jtorch.data.TableFile;
import org.jtorch.data.TableRow;
import org.jtorch.data.TextFile;
import org.jtorch.eval.task.EvalTask;
import org.jtorch.eval.task.ItemTemplates;
import org.jtorch.eval.task.RowTemplate;
import org.jtorch.eval.task.TextTask;
import org.jtorch.io.DataException;

/// Reads what tasks are made of.
///
/// @param root what relative paths begin at
/// @param limit most items of a task or of each of its parts; 0 for all
record TaskFiles(Path root, int limit) {
  private static final String STAR = "*";
  /// Characters of a haystack: more than the longest one needs.
  private static final int HAYSTACK = 400_000;
  private static final String HINT = "say with --data in which folder the data of tasks lie, or give a task of your own its path";

  TaskFiles {
    if (limit < 0) {
      throw new IllegalArgumentException("--limit must be >= 1 but was " + limit + "; 100 is a quick look");
    }
  }

  /// A file, and what the `*` in its path stood for.
  private record Part(String subset, Path file) {}

  /// One task for each file that the data's path fits.
  ///
  /// @param make of the task's name and its items
  <I> List<EvalTask> parts(String name, TableConfig data, @Nullable ShotsConfig shots, String description, ItemTemplates<I> templates,
      BiFunction<String, List<I>, EvalTask> make) {
    var tasks = new ArrayList<EvalTask>();
    for (Part part : find(data.path())) {
      var rows = limited(rows(part, data));
      var examples = shots == null ? List.<TableRow>of()
          : rows(new Part(part.subset, path(shots.path().replace(STAR, part.subset))), data.withoutLabels());
      String before = ShotsConfig.shots(shots).before(new RowTemplate("description", description).text(rows.getFirst()), examples, templates);
      tasks.add(make.apply(part.subset.isEmpty() ? name : name + "/" + part.subset,
          rows.stream().map(row -> templates.item(row, before)).toList()));
    }
    return tasks;
  }

  private <E> List<E> limited(List<E> all) {
    return limit == 0 ? all : all.subList(0, Math.min(limit, all.size()));
  }

  private Path path(String relative) {
    return root.resolve(relative);
  }

  private List<Part> find(String path) {
    if (!path.contains(STAR)) {
      return List.of(new Part("", existing(path(path))));
    }
    Path folder = path(path.replace(STAR, "")).toAbsolutePath().getParent();
    String[] sides = path.substring(path.lastIndexOf('/') + 1).split(Pattern.quote(STAR), -1);
    if (sides.length != 2 || folder == null || path.indexOf(STAR) != path.lastIndexOf(STAR)) {
      throw new IllegalArgumentException("`path` may hold one * in the file's name but was \"" + path + "\"; e.g. mmlu/test/*_test.csv");
    }
    var parts = new ArrayList<Part>();
    try (var files = Files.list(existingFolder(folder))) {
      for (Path file : files.sorted().toList()) {
        String name = String.valueOf(file.getFileName());
        if (name.length() > sides[0].length() + sides[1].length() && name.startsWith(sides[0]) && name.endsWith(sides[1])) {
          parts.add(new Part(name.substring(sides[0].length(), name.length() - sides[1].length()), file));
        }
      }
    } catch (IOException e) {
      throw new DataException("cannot list " + folder + ": " + e.getMessage(), e);
    }
    if (parts.isEmpty()) {
      throw new DataException("no files " + path(path) + "; " + HINT);
    }
    return parts;
  }

  private static Path existing(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new DataException("no file " + file + "; " + HINT);
    }
    return file;
  }

  private static Path existingFolder(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new DataException("no folder " + folder + "; " + HINT);
    }
    return folder;
  }

  private List<TableRow> rows(Part part, TableConfig data) {
    var rows = TableFile.read(existing(part.file), data.columns());
    var labels = data.labels() == null ? null : TableFile.read(existing(path(data.labels())), List.of());
    if (labels != null && labels.size() != rows.size()) {
      throw new DataException(path(String.valueOf(data.labels())) + " has " + labels.size() + " lines but " + part.file + " has " + rows.size() + " rows");
    }
    var lets = new LinkedHashMap<String, RowTemplate>();
    data.let().forEach((name, template) -> lets.put(name, new RowTemplate("let." + name, template)));
    var all = new ArrayList<TableRow>();
    for (int i = 0; i < rows.size(); i++) {
      TableRow row = rows.get(i).with("subset", part.subset);
      if (labels != null) {
        row = row.with("label", labels.get(i).values().get(TableFile.LINE));
      }
      all.add(with(row, lets));
    }
    return all;
  }

  private static TableRow with(TableRow row, Map<String, RowTemplate> lets) {
    TableRow full = row;
    for (var let : lets.entrySet()) {
      full = full.with(let.getKey(), let.getValue().text(full));
    }
    return full;
  }

  /// @param path a file, or several by a `*`
  TextTask text(String name, String path, String field, int window, int context) {
    var texts = new ArrayList<Document>();
    for (Part part : find(path)) {
      texts.addAll(documents(part.file, field));
    }
    return new TextTask(name, limited(texts), window, context);
  }

  private static List<Document> documents(Path file, String field) {
    String name = String.valueOf(file.getFileName()).replaceFirst("\\.(gz|zst)$", "");
    if (!name.matches(".*\\.(jsonl|ndjson|json)")) {
      return List.of(TextFile.read(file));
    }
    try (var documents = new Jsonl(file, field).read()) {
      return documents.toList();
    }
  }

  /// A long text to hide needles in.
  String haystack(@Nullable String path) {
    if (path != null) {
      return TextFile.read(existing(path(path))).text();
    }
    var text = new StringBuilder();
    try (var cursor = LineCorpus.europarl().open()) {
      for (Document d; text.length() < HAYSTACK && (d = cursor.next()) != null; ) {
        text.append(d.text()).append('\n');
      }
    }
    return text.toString();
  }
}
