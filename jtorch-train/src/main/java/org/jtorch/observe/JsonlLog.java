package org.jtorch.observe;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.DataException;

/// `metrics.jsonl`: one JSON object per event, on disk as soon as the event is over.
///
/// A run that is killed and resumed leaves one curve: opening the file drops what it recorded after the step
/// the new process starts from, and a last line that was never finished.
public final class JsonlLog implements StepListener {
  private final Path file;
  private final Writer out;
  private final InstantSource clock;
  private long step;

  JsonlLog(Path file, Writer out, InstantSource clock, long startStep) {
    this.file = file;
    this.out = out;
    this.clock = clock;
    this.step = startStep;
  }

  /// Opens the file for a run that starts after `startStep`; 0 begins an empty file.
  public static JsonlLog open(Path file, long startStep) {
    return open(file, startStep, InstantSource.system());
  }

  static JsonlLog open(Path file, long startStep, InstantSource clock) {
    try {
      keepUpTo(file, startStep);
      Writer out = Files.newBufferedWriter(
          file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      return new JsonlLog(file, out, clock, startStep);
    } catch (IOException e) {
      throw DataException.cannotWrite(file, e);
    }
  }

  /// Replaces the file by the lines worth keeping.
  private static void keepUpTo(Path file, long startStep) throws IOException {
    List<String> kept = new ArrayList<>();
    if (startStep > 0 && Files.exists(file)) {
      for (String line : MetricsFile.lines(file)) {
        var node = MetricLine.parse(line);
        if (node != null && node.path("step").asLong() <= startStep) {
          kept.add(line);
        }
      }
    }
    AtomicFile.write(file, kept.isEmpty() ? "" : String.join("\n", kept) + "\n");
  }

  @Override
  public void onStart(RunStart start) {
    step = start.startStep();
    write("start", start);
  }

  @Override
  public void onStep(StepEvent event) {
    step = event.step();
    write("step", event);
  }

  @Override
  public void onEval(EvalEvent eval) {
    step = eval.step();
    write("eval", eval);
  }

  @Override
  public void onSave(SaveEvent save) {
    step = save.step();
    write("save", save);
  }

  @Override
  public void onNote(String note) {
    write("note", Map.of("text", note));
  }

  @Override
  public void onEnd(RunEnd end) {
    write("end", end);
  }

  private void write(String event, Object fields) {
    Instant now = clock.instant();
    double time = now.toEpochMilli() / 1e3;
    try {
      out.write(MetricLine.write(event, step, time, fields) + "\n");
      out.flush();
    } catch (IOException e) {
      throw DataException.cannotWrite(file, e);
    }
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw DataException.cannotWrite(file, e);
    }
  }
}
