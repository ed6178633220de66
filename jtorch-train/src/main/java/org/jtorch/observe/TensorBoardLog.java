package org.jtorch.observe;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import org.jtorch.io.DataException;

/// TensorBoard event files in pure Java: scalars of every step and evaluation, and the samples as text.
///
/// Each process writes its own file; a resumed run begins with a session mark, from which TensorBoard knows
/// to forget the points that the killed process recorded after the checkpoint.
public final class TensorBoardLog implements StepListener {
  // Field numbers of tensorflow.Event, Summary, Summary.Value, SummaryMetadata, TensorProto and SessionLog.
  private static final int EVENT_TIME = 1;
  private static final int EVENT_STEP = 2;
  private static final int EVENT_VERSION = 3;
  private static final int EVENT_SUMMARY = 5;
  private static final int EVENT_SESSION = 7;
  private static final int VALUE_TAG = 1;
  private static final int VALUE_SIMPLE = 2;
  private static final int VALUE_TENSOR = 8;
  private static final int VALUE_METADATA = 9;
  private static final int DT_STRING = 7;
  private static final int DATA_CLASS_TENSOR = 2;

  private final Path file;
  private final RecordFile records;
  private final InstantSource clock;
  private final Pace pace = new Pace(System::nanoTime);

  TensorBoardLog(Path file, RecordFile records, InstantSource clock) {
    this.file = file;
    this.records = records;
    this.clock = clock;
  }

  /// Starts a new event file in the folder for a run that starts after `startStep`.
  public static TensorBoardLog open(Path folder, long startStep) {
    return open(folder, startStep, InstantSource.system());
  }

  static TensorBoardLog open(Path folder, long startStep, InstantSource clock) {
    try {
      Files.createDirectories(folder);
      var log = create(folder, clock);
      log.write(log.event(0).text(EVENT_VERSION, "brain.Event:2"));
      if (startStep > 0) {
        log.write(log.event(startStep + 1).message(EVENT_SESSION, new ProtoWriter().number(1, 1)));
      }
      return log;
    } catch (IOException e) {
      throw DataException.cannotWrite(folder, e);
    }
  }

  private static TensorBoardLog create(Path folder, InstantSource clock) throws IOException {
    long seconds = clock.instant().getEpochSecond();
    int n = 0;
    while (true) {
      Path file = folder.resolve(String.format(Locale.ROOT, "events.out.tfevents.%010d.jtorch.%d.%d.v2",
          seconds, ProcessHandle.current().pid(), n));
      try {
        return new TensorBoardLog(file, RecordFile.create(file), clock);
      } catch (FileAlreadyExistsException _) {
        n++;
      }
    }
  }

  /// The event file being written.
  public Path file() {
    return file;
  }

  @Override
  public void onStep(StepEvent e) {
    pace.stepped(e);
    var summary = new ProtoWriter();
    scalar(summary, "loss", e.loss());
    scalar(summary, "grad_norm", e.gradNorm());
    scalar(summary, "lr", e.learningRate());
    scalar(summary, "tokens_per_s", pace.tokensPerSecond());
    if (e.deviceBytes() != 0) {
      scalar(summary, "device_bytes", e.deviceBytes());
    }
    e.figures().forEach((name, value) -> scalar(summary, name, value));
    write(event(e.step()).message(EVENT_SUMMARY, summary));
  }

  @Override
  public void onEval(EvalEvent e) {
    var summary = new ProtoWriter();
    known(summary, "val/loss", e.loss());
    known(summary, "val/bits_per_byte", e.bitsPerByte());
    e.figures().forEach((name, value) -> scalar(summary, "val/" + name, value));
    for (int i = 0; i < e.samples().size(); i++) {
      text(summary, "samples/" + i, e.samples().get(i));
    }
    write(event(e.step()).message(EVENT_SUMMARY, summary));
  }

  private static void known(ProtoWriter summary, String tag, double value) {
    if (!Double.isNaN(value)) {
      scalar(summary, tag, value);
    }
  }

  private static void scalar(ProtoWriter summary, String tag, double value) {
    summary.message(1, new ProtoWriter().text(VALUE_TAG, tag).fixed32(VALUE_SIMPLE, (float) value));
  }

  private static void text(ProtoWriter summary, String tag, String text) {
    var plugin = new ProtoWriter().text(1, "text");
    var metadata = new ProtoWriter().message(1, plugin).number(4, DATA_CLASS_TENSOR);
    var shape = new ProtoWriter().message(2, new ProtoWriter().number(1, 1));
    var tensor = new ProtoWriter().number(1, DT_STRING).message(2, shape).text(8, text);
    summary.message(1, new ProtoWriter()
        .text(VALUE_TAG, tag).message(VALUE_TENSOR, tensor).message(VALUE_METADATA, metadata));
  }

  private ProtoWriter event(long step) {
    Instant now = clock.instant();
    return new ProtoWriter()
        .fixed64(EVENT_TIME, now.getEpochSecond() + now.getNano() / 1e9)
        .number(EVENT_STEP, step);
  }

  private void write(ProtoWriter event) {
    try {
      records.append(event.toBytes());
      records.flush();
    } catch (IOException e) {
      throw DataException.cannotWrite(file, e);
    }
  }

  @Override
  public void close() {
    try {
      records.close();
    } catch (IOException e) {
      throw DataException.cannotWrite(file, e);
    }
  }
}
