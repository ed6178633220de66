package org.jtorch.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jtorch.io.DataException;
import org.jtorch.io.Utf8;

/// Data sets of JSON objects, as chats and judgements come: JSON Lines, one JSON array (both also `.gz` or `.zst`), or Parquet with
/// nested columns. What a file is, its content says, but for `.parquet`.
///
/// A row that is broken is a [JsonRow.Broken] with its place, and reading goes on behind it; within a JSON array nothing behind it can be
/// read, which its text says.
public final class JsonRows {
  private static final ObjectReader ELEMENT = Jsonl.JSON.without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final String MANIFEST = "manifest.json";
  private static final int LOOK_AHEAD = 1 << 16;

  private JsonRows() {}

  /// The files of a path: itself, those of a folder, or those that a glob such as `data/**.jsonl.gz` names; sorted. The list of files
  /// that a folder of ours has beside its rows is none of them.
  ///
  /// @throws DataException if there are none
  public static List<Path> files(Path path) {
    var files = FileSearch.find(path, ".jsonl", ".ndjson", ".json", ".parquet");
    var rows = files.stream().filter(file -> file.equals(path) || !file.equals(path.resolve(MANIFEST))).toList();
    return rows.isEmpty() ? files : rows;
  }

  /// Hands over every row of a file in its order.
  ///
  /// @throws DataException if the file cannot be read to its end
  public static void read(Path file, Consumer<JsonRow> rows) {
    try {
      if (file.toString().endsWith(".parquet")) {
        ParquetRows.read(file, rows);
      } else {
        json(file, rows);
      }
    } catch (DataException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new DataException("cannot read " + file + ": " + Errors.reason(e), e);
    }
  }

  private static void json(Path file, Consumer<JsonRow> rows) throws IOException {
    try (var in = TextFiles.reader(file, new BytesRead())) {
      if (first(in) == '[') {
        array(file, in, rows);
      } else {
        lines(file, in, rows);
      }
    }
  }

  /// The first character that is not blank, which stays unread.
  private static int first(BufferedReader in) throws IOException {
    in.mark(LOOK_AHEAD);
    int c = in.read();
    for (int n = 1; Character.isWhitespace(c) && n < LOOK_AHEAD; n++) {
      c = in.read();
    }
    in.reset();
    return c;
  }

  private static void lines(Path file, BufferedReader in, Consumer<JsonRow> rows) throws IOException {
    long number = 0;
    for (String line; (line = in.readLine()) != null; ) {
      String place = file + ":" + ++number;
      line = Utf8.withoutMark(line);
      if (line.isBlank()) {
        continue;
      }
      JsonRow row;
      try {
        row = row(Jsonl.JSON.readTree(line), place);
      } catch (JsonProcessingException e) {
        row = new JsonRow.Broken("is not JSON: " + e.getOriginalMessage(), place);
      }
      rows.accept(row);                                                                 // what it throws is its own
    }
  }

  private static void array(Path file, BufferedReader in, Consumer<JsonRow> rows) throws IOException {
    try (JsonParser json = Jsonl.JSON.createParser(in)) {
      var _ = json.nextToken();
      while (true) {
        JsonRow row;
        String place = file + ":" + json.currentLocation().getLineNr();
        try {
          if (json.nextToken() == JsonToken.END_ARRAY) {
            return;
          }
          place = file + ":" + json.currentTokenLocation().getLineNr();
          row = row(ELEMENT.readTree(json), place);
        } catch (JsonProcessingException e) {
          rows.accept(new JsonRow.Broken("is not JSON, and what follows in the list cannot be read: " + e.getOriginalMessage(), place));
          return;
        }
        rows.accept(row);
      }
    }
  }

  private static JsonRow row(JsonNode node, String place) {
    return node instanceof ObjectNode object ? new JsonRow.Good(object, place)
        : new JsonRow.Broken("is no JSON object but " + node.getNodeType() + "; a row looks like {\"messages\": [...]}", place);
  }
}
