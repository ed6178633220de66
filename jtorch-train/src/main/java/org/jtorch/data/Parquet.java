package org.jtorch.data;

import blue.strategic.parquet.Hydrator;
import blue.strategic.parquet.ParquetReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;

/// A text column of Parquet files: a file, a folder or a glob.
public record Parquet(Path path, String column) implements TextSource {
  @Override
  public List<SourceFile> files() {
    return SourceFile.of(FileSearch.find(path, ".parquet"), (file, _) -> new Rows(file, column));
  }

  @Override
  public String describe() {
    return path + " (column `" + column + "`)";
  }

  private static final class Rows implements DocumentReader {
    private final Path file;
    private final ParquetReader<@Nullable String[], @Nullable String[], String> rows;
    private long number;

    Rows(Path file, String column) throws IOException {
      this.file = file;
      try {
        checkColumn(ParquetReader.readMetadata(file.toFile()).getFileMetaData().getSchema(), column);
        this.rows = ParquetReader.spliterator(file.toFile(), new Cell(column), names -> String.join(".", names));
      } catch (DataException e) {
        throw e;
      } catch (RuntimeException e) {
        throw new DataException(file + " is not a readable Parquet file: " + Errors.reason(e), e);
      }
    }

    private void checkColumn(MessageType schema, String column) {
      List<String> names = schema.getColumns().stream().map(c -> String.join(".", c.getPath())).toList();
      if (!names.contains(column)) {
        throw new DataException(file + " has no column `" + column + "`; its columns are " + names);
      }
      ColumnDescriptor found = schema.getColumnDescription(column.split("\\."));
      if (found.getPrimitiveType().getPrimitiveTypeName() != PrimitiveTypeName.BINARY) {
        throw new DataException(file + ": column `" + column + "` holds no text but " + found.getPrimitiveType());
      }
    }

    @Override
    public @Nullable Document next() {
      @Nullable String[] cell = new @Nullable String[1];
      while (rows.tryAdvance(row -> cell[0] = row[0])) {
        number++;
        String text = cell[0];
        if (text != null && !text.isBlank()) {
          return new Document(text, place());
        }
      }
      return null;
    }

    @Override
    public String place() {
      return file + ":" + number;
    }

    @Override
    public void close() throws IOException {
      rows.close();
    }
  }

  /// Keeps the one column of a row.
  private record Cell(String column) implements Hydrator<@Nullable String[], @Nullable String[], String> {
    @Override
    public @Nullable String[] start() {
      return new @Nullable String[1];
    }

    @Override
    public @Nullable String[] add(@Nullable String[] row, String name, Object value) {
      if (name.equals(column) && value instanceof String text) {
        row[0] = text;
      }
      return row;
    }

    @Override
    public @Nullable String[] finish(@Nullable String[] row) {
      return row;
    }
  }
}
