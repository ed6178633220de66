package org.jtorch.observe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.io.DataException;

/// What a `metrics.jsonl` says, by kind of event and in the order written. A step that was validated again, as a resumed run
/// does where it cannot know, is there once.
public record MetricsFile(
    List<RunStart> starts,
    List<StepEvent> steps,
    List<EvalEvent> evals,
    List<SaveEvent> saves,
    List<String> notes,
    List<RunEnd> ends) {

  public MetricsFile {
    starts = List.copyOf(starts);
    steps = List.copyOf(steps);
    evals = List.copyOf(evals);
    saves = List.copyOf(saves);
    notes = List.copyOf(notes);
    ends = List.copyOf(ends);
  }

  /// Reads the file of a finished, running or killed run: a last line that was never finished is left out.
  /// Events of kinds this version does not know are skipped.
  ///
  /// @throws DataException where the file is missing or a line in it is damaged
  public static MetricsFile read(Path file) {
    try {
      var all = new MetricsFileBuilder(file);
      List<String> lines = lines(file);
      for (int i = 0; i < lines.size(); i++) {
        all.add(i + 1, lines.get(i));
      }
      return all.build();
    } catch (NoSuchFileException e) {
      throw new DataException(file + ": no such file; a run folder holds metrics.jsonl once its first step is done", e);
    } catch (IOException e) {
      throw new DataException(file + ": cannot be read", e);
    }
  }

  /// The file's finished lines: what follows the last line break is a write that was cut short.
  static List<String> lines(Path file) throws IOException {
    String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    int end = text.lastIndexOf('\n');
    return end < 0 ? List.of() : text.substring(0, end).lines().toList();
  }

  private static final class MetricsFileBuilder {
    private final Path file;
    private final List<RunStart> starts = new ArrayList<>();
    private final List<StepEvent> steps = new ArrayList<>();
    private final SequencedMap<Long, EvalEvent> evals = new LinkedHashMap<>();
    private final List<SaveEvent> saves = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final List<RunEnd> ends = new ArrayList<>();

    MetricsFileBuilder(Path file) {
      this.file = file;
    }

    void add(int number, String line) {
      JsonNode node = MetricLine.parse(line);
      if (node == null) {
        throw new DataException(file + ", line " + number + ": not a metrics record; delete that line to use the rest");
      }
      try {
        add(node);
      } catch (JsonProcessingException e) {
        throw new DataException(file + ", line " + number + ": " + e.getOriginalMessage()
            + "; delete that line to use the rest", e);
      }
    }

    private void add(JsonNode node) throws JsonProcessingException {
      switch (node.path("event").asText()) {
        case "start" -> starts.add(MetricLine.read(node, RunStart.class));
        case "step" -> steps.add(MetricLine.read(node, StepEvent.class));
        case "eval" -> add(MetricLine.read(node, EvalEvent.class));
        case "save" -> saves.add(MetricLine.read(node, SaveEvent.class));
        case "note" -> notes.add(node.path("text").asText());
        case "end" -> ends.add(MetricLine.read(node, RunEnd.class));
        default -> { }
      }
    }

    private void add(EvalEvent eval) {
      evals.put(eval.step(), eval);
    }

    MetricsFile build() {
      return new MetricsFile(starts, steps, List.copyOf(evals.values()), saves, notes, ends);
    }
  }
}
