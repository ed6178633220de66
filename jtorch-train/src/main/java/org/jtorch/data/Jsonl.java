package org.jtorch.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.io.Utf8;

/// One JSON object a line, with the text in one of its fields; `path` is a file (`.jsonl`, also `.gz` or `.zst`), a
/// folder or a glob.
public record Jsonl(Path path, String field) implements TextSource {
  /// A line may be a whole book: the limit is Java's longest string, not the parser's usual 20 million characters.
  private static final StreamReadConstraints LENGTHS = StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE)
      .maxNameLength(Integer.MAX_VALUE).maxNumberLength(Integer.MAX_VALUE).build();
  static final ObjectReader JSON = new ObjectMapper(JsonFactory.builder().streamReadConstraints(LENGTHS).build())
      .reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  public Jsonl {
    if (field.isBlank()) {
      throw new IllegalArgumentException("the field of " + path + " is blank; the usual name is text");
    }
  }

  @Override
  public List<SourceFile> files() {
    return SourceFile.of(FileSearch.find(path, ".jsonl", ".ndjson", ".json"),
        (file, read) -> new Lines(TextFiles.reader(file, read), file.toString(), field));
  }

  @Override
  public String describe() {
    return path + " (field `" + field + "`)";
  }

  private static final class Lines extends LineReader {
    private final String field;

    Lines(BufferedReader in, String name, String field) {
      super(in, name);
      this.field = field;
    }

    @Override
    public @Nullable Document next() throws IOException {
      for (String line; (line = line()) != null; ) {
        line = Utf8.withoutMark(line); // also where files with one each were put together
        String text = line.isBlank() ? "" : text(line);
        if (!text.isBlank()) {
          return new Document(text, place());
        }
      }
      return null;
    }

    private String text(String line) throws IOException {
      JsonNode object;
      try {
        object = JSON.readTree(line);
      } catch (JsonProcessingException e) {
        throw new DataException(place() + " is not JSON: " + e.getOriginalMessage(), e);
      }
      if (!object.isObject()) {
        throw new DataException(place() + " is not a JSON object; each line must look like {\"" + field + "\": \"...\"}");
      }
      JsonNode value = object.get(field);
      if (value == null) {
        throw new DataException(place() + " has no field `" + field + "`; its fields are "
            + object.properties().stream().map(p -> p.getKey()).toList());
      }
      if (!value.isTextual() && !value.isNull()) {
        throw new DataException(place() + ": field `" + field + "` is no string but " + value.getNodeType());
      }
      return value.isNull() ? "" : value.textValue();
    }
  }
}
