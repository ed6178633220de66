package org.jtorch.corpus;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.jtorch.data.DocumentCursor.Position;
import org.jtorch.data.GrowingShards.Mark;
import org.jtorch.io.JsonFile;

/// How far a preparation is: what is before these marks is on the disk, and another process goes on from there.
///
/// @param key of the corpus that is being prepared
/// @param heldOut what is held out; null until all texts are surveyed and the tokenizer is there
/// @param job the source that is being encoded, counted from 0
/// @param read where in that source
/// @param bytesRead of that source's files by then
/// @param main its tokens so far; null if there are none
/// @param validation tokens held out so far, of all sources; null if there are none
/// @param validationText bytes of the text held out so far
record Journal(String key, @Nullable HeldOut heldOut, int job, Position read, long bytesRead, @Nullable Mark main,
    @Nullable Mark validation, long validationText) {
  private static final String NAME = "preparing.json";
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /// Before the survey.
  static Journal begin(String key) {
    return surveyed(key, null);
  }

  /// Before the first document of the first source.
  static Journal surveyed(String key, @Nullable HeldOut heldOut) {
    return new Journal(key, heldOut, 0, Position.START, 0, null, null, 0);
  }

  /// Before the first document of the next source.
  Journal next(@Nullable Mark validated, long validatedText) {
    return new Journal(key, heldOut, job + 1, Position.START, 0, null, validated, validatedText);
  }

  /// The journal of a folder; null if there is none.
  static @Nullable Journal read(Path folder) {
    if (!Files.exists(folder.resolve(NAME))) {
      return null;
    }
    var json = JsonFile.open(folder.resolve(NAME));
    var heldOut = json.has("held_out_bound") ? new HeldOut(json.requiredLong("held_out_bound")) : null;
    return new Journal(json.requiredString("key"), heldOut, json.requiredInt("job"),
        new Position(json.requiredInt("file"), json.requiredLong("documents")), json.requiredLong("bytes_read"), mark(json, "main"),
        mark(json, "validation"), json.requiredLong("validation_text"));
  }

  private static @Nullable Mark mark(JsonFile json, String key) {
    return json.optObject(key).map(m -> new Mark(m.requiredLong("tokens"), m.requiredLong("documents"), m.requiredLong("text_bytes"),
        m.requiredInt("tokens_crc"), m.requiredInt("documents_crc"))).orElse(null);
  }

  void write(Path folder) {
    JsonFile.write(folder.resolve(NAME), JSON.objectNode().put("key", key)
        .put("held_out_bound", heldOut == null ? null : (Long) heldOut.bound()).put("job", job)
        .put("file", read.file()).put("documents", read.documents()).put("bytes_read", bytesRead)
        .put("validation_text", validationText).<ObjectNode>set("main", json(main)).set("validation", json(validation)));
  }

  private static @Nullable ObjectNode json(@Nullable Mark mark) {
    return mark == null ? null : JSON.objectNode().put("tokens", mark.tokens()).put("documents", mark.documents())
        .put("text_bytes", mark.textBytes()).put("tokens_crc", mark.tokensCrc()).put("documents_crc", mark.documentsCrc());
  }

  static Path file(Path folder) {
    return folder.resolve(NAME);
  }
}
