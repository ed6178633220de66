package org.jtorch.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.io.Utf8;

/// A table of some thousand rows, read as a whole: JSON objects one a line or in a list (`.jsonl`, `.json`), comma- or tab-separated
/// values with or without a line of names (`.csv`, `.tsv`), or plain lines; also with `.gz` or `.zst`.
public final class TableFile {
  /// The column of a file of plain lines.
  public static final String LINE = "line";
  private static final ObjectReader JSON = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build().reader();

  private TableFile() {}

  /// @param columns names of the columns of a file of separated values that does not begin with them; else empty
  /// @throws DataException if the file is missing or broken, or has no rows
  public static List<TableRow> read(Path file, List<String> columns) {
    if (!Files.isRegularFile(file)) {
      throw new DataException("no file " + file + "; check the path");
    }
    try (var in = TextFiles.reader(file, new BytesRead())) {
      String name = String.valueOf(file.getFileName()).replaceFirst("\\.(gz|zst)$", "");
      var rows = name.endsWith(".csv") ? separated(in, file, ',', columns)
          : name.endsWith(".tsv") ? separated(in, file, '\t', columns)
          : name.matches(".*\\.(jsonl|ndjson|json)") ? json(in, file) : lines(in, file);
      if (rows.isEmpty()) {
        throw new DataException(file + " has no rows; is it the right file?");
      }
      return rows;
    } catch (IOException | UncheckedIOException e) {
      throw new DataException("cannot read " + file + ": " + Errors.reason(e), e);
    }
  }

  private static List<TableRow> lines(BufferedReader in, Path file) throws IOException {
    var rows = new ArrayList<TableRow>();
    int number = 0;
    for (String line; (line = in.readLine()) != null; ) {
      number++;
      if (!line.isBlank()) {
        rows.add(new TableRow(file + ":" + number, Map.of(LINE, line)));
      }
    }
    return rows;
  }

  private static List<TableRow> separated(BufferedReader in, Path file, char separator, List<String> columns) throws IOException {
    var reader = new SeparatedValues(in, file.toString(), separator);
    List<String> names = columns.isEmpty() ? reader.next() : columns;
    var rows = new ArrayList<TableRow>();
    for (List<String> cells; names != null && (cells = reader.next()) != null; ) {
      String place = file + ":" + reader.line();
      if (cells.size() != names.size()) {
        throw new DataException(place + " has " + cells.size() + " columns instead of " + names.size() + " (" + String.join(", ", names) + ")");
      }
      var values = new LinkedHashMap<String, @Nullable Object>();
      for (int i = 0; i < names.size(); i++) {
        values.put(names.get(i), cells.get(i));
      }
      rows.add(new TableRow(place, values));
    }
    return rows;
  }

  /// Objects one after the other, a list of them, or one object that holds one such list.
  private static List<TableRow> json(BufferedReader in, Path file) throws IOException {
    var found = new ArrayList<JsonNode>();
    try (var values = JSON.forType(JsonNode.class).<JsonNode>readValues(in)) {
      while (values.hasNextValue()) {
        found.add(values.nextValue());
      }
    } catch (JsonProcessingException e) {
      var at = e.getLocation();
      throw new DataException(file + (at == null ? "" : ":" + at.getLineNr()) + " is broken JSON: " + e.getOriginalMessage(), e);
    }
    if (found.size() == 1) {
      JsonNode only = found.getFirst();
      var lists = only.isObject() ? only.valueStream().filter(TableFile::isTable).toList() : List.<JsonNode>of();
      JsonNode list = isTable(only) ? only : lists.size() == 1 ? lists.getFirst() : null;
      if (list != null) {
        found.clear();
        list.forEach(found::add);
      }
    }
    var rows = new ArrayList<TableRow>();
    for (JsonNode node : found) {
      String place = file + ":" + (rows.size() + 1);
      if (!(value(node) instanceof Map<?, ?> map)) {
        throw new DataException(place + " is no JSON object; a table's rows look like {\"question\": \"...\"}");
      }
      var values = new LinkedHashMap<String, @Nullable Object>();
      map.forEach((key, v) -> values.put(String.valueOf(key), v));
      rows.add(new TableRow(place, values));
    }
    return rows;
  }

  private static boolean isTable(JsonNode node) {
    return node.isArray() && !node.isEmpty() && node.valueStream().allMatch(JsonNode::isObject);
  }

  private static @Nullable Object value(JsonNode node) {
    return switch (node.getNodeType()) {
      case OBJECT -> {
        var map = new LinkedHashMap<String, @Nullable Object>();
        node.properties().forEach(p -> map.put(p.getKey(), value(p.getValue())));
        yield map;
      }
      case ARRAY -> {
        var list = new ArrayList<@Nullable Object>();
        node.forEach(item -> list.add(value(item)));
        yield list;
      }
      case STRING -> Utf8.wellFormed(node.textValue());
      case BOOLEAN -> node.booleanValue();
      case NUMBER -> node.isIntegralNumber() && node.canConvertToLong() ? (Object) node.longValue() : (Object) node.doubleValue();
      default -> null;
    };
  }
}
