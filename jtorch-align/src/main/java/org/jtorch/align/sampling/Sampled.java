package org.jtorch.align.sampling;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;

/// What rejection sampling has left of one prompt.
///
/// @param place of the prompt, `file:line`
/// @param conversation the prompt with its best answer, as [SampleFiles#ANSWERS] has it; null if none is kept
/// @param best the total reward of that answer; NaN if none is kept
/// @param mean the mean total reward of the answers that could have won; NaN if there are none
/// @param why the answer won, or none did
public record Sampled(String place, @Nullable ObjectNode conversation, double best, double mean, String why) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Whether there is an answer.
  public boolean isKept() {
    return conversation != null;
  }

  /// All prompts of a folder that [SampleFiles] wrote, in their order.
  ///
  /// @throws DataException if they cannot be read
  public static List<Sampled> read(Path folder) {
    try {
      var rows = Files.readAllLines(folder.resolve(SampleFiles.ANSWERS), UTF_8).iterator();
      var all = new ArrayList<Sampled>();
      for (String line : Files.readAllLines(folder.resolve(SampleFiles.MANIFEST), UTF_8)) {
        JsonNode said = JSON.readTree(line);
        var row = said.path("kept").booleanValue() ? (ObjectNode) JSON.readTree(rows.next()) : null;
        double best = row == null ? Double.NaN : said.path("answers").path(said.path("best").intValue()).path("total").doubleValue();
        all.add(new Sampled(said.path("place").asText(), row, best, mean(said.path("answers")), said.path("why").asText()));
      }
      return all;
    } catch (IOException e) {
      throw new DataException("cannot read what rejection sampling left in " + folder + ": " + e.getMessage(), e);
    }
  }

  private static double mean(JsonNode answers) {
    double sum = 0;
    int count = 0;
    for (var each : answers) {
      if (each.path("dropped").isMissingNode() && each.path("total").isNumber()) {
        sum += each.path("total").doubleValue();
        count++;
      }
    }
    return count == 0 ? Double.NaN : sum / count;
  }
}
