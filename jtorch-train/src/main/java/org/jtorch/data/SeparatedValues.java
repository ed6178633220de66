package org.jtorch.data;

import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;

/// Reads separated values as RFC 4180 has them: cells in quotes may hold separators, line breaks and doubled quotes.
final class SeparatedValues {
  private static final int END = -1;

  private final Reader in;
  private final String name;
  private final char separator;
  private long line;
  private long next = 1;

  SeparatedValues(Reader in, String name, char separator) {
    this.in = in;
    this.name = name;
    this.separator = separator;
  }

  /// Where the row read last begins, from 1.
  long line() {
    return line;
  }

  /// The cells of the next row that is not empty; null at the end.
  @Nullable List<String> next() throws IOException {
    for (List<String> row; (row = row()) != null; ) {
      if (row.size() > 1 || !row.getFirst().isEmpty()) {
        return row;
      }
    }
    return null;
  }

  private @Nullable List<String> row() throws IOException {
    line = next;
    int c = in.read();
    if (c == END) {
      return null;
    }
    var cells = new ArrayList<String>();
    var cell = new StringBuilder();
    while (true) {
      if (c == '"' && cell.isEmpty()) {
        c = quoted(cell);
      } else if (c == separator) {
        cells.add(cell.toString());
        cell.setLength(0);
        c = in.read();
      } else if (c == '\n' || c == END) {
        next++;
        cells.add(cell.toString());
        return cells;
      } else {
        if (c != '\r') {
          cell.append((char) c);
        }
        c = in.read();
      }
    }
  }

  /// The rest of a cell in quotes; returns what comes behind it.
  private int quoted(StringBuilder cell) throws IOException {
    while (true) {
      int c = in.read();
      if (c == END) {
        throw new DataException(name + ":" + line + " opens a quote that nothing closes");
      }
      if (c != '"') {
        next += c == '\n' ? 1 : 0;
        cell.append((char) c);
        continue;
      }
      c = in.read();
      if (c != '"') {
        return c;
      }
      cell.append('"');
    }
  }
}
