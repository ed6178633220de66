package org.jtorch.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.jtorch.observe.EventFileReader.one;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jtorch.io.DataException;
import org.jtorch.observe.EventFileReader.Field;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardLogTest {
  private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_250L));

  @TempDir Path folder;

  static Map<String, Float> scalars(List<Field> event) {
    var values = new LinkedHashMap<String, Float>();
    for (Field value : one(event, 5).message()) {
      values.put(one(value.message(), 1).text(), Float.intBitsToFloat((int) one(value.message(), 2).number()));
    }
    return values;
  }

  @Test
  void checksumIsTheOneOfTheStandard() {
    // CRC-32C's published check value, then the mask worked by hand: rotate right by 15 and add 0xa282ead8.
    byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
    assertThat(EventFileReader.crc32c(digits)).isEqualTo(0xE3069283);
    assertThat(RecordFile.maskedCrc(digits)).isEqualTo(0x2507C60D + 0xa282ead8);
  }

  @Test
  void fileBeginsWithTheFormatVersion() throws IOException {
    Path file;
    try (var log = TensorBoardLog.open(folder, 0, CLOCK)) {
      file = log.file();
    }
    assertThat(file.getFileName().toString()).startsWith("events.out.tfevents.1700000000.").endsWith(".v2");
    var events = EventFileReader.events(file);
    assertThat(events).hasSize(1);
    assertThat(one(events.getFirst(), 3).text()).isEqualTo("brain.Event:2");
    assertThat(Double.longBitsToDouble(one(events.getFirst(), 1).number())).isEqualTo(1_700_000_000.25);
  }

  @Test
  void stepsAndEvaluationsAreScalars() throws IOException {
    Path file;
    try (var log = TensorBoardLog.open(folder, 0, CLOCK)) {
      file = log.file();
      log.onStep(Events.step(300, 10));
      log.onEval(Events.eval(300));
      assertThat(EventFileReader.events(file)).as("on disk before close").hasSize(3);
    }
    var events = EventFileReader.events(file);
    assertThat(one(events.get(1), 2).number()).isEqualTo(300);
    assertThat(scalars(events.get(1))).containsExactlyInAnyOrderEntriesOf(Map.of(
        "loss", (float) (10.0 / 300), "grad_norm", 1.5f, "lr", 3e-4f, "tokens_per_s", 2000f));
    assertThat(scalars(events.get(2))).containsExactlyInAnyOrderEntriesOf(Map.of(
        "val/loss", 3.25f, "val/bits_per_byte", 1.125f));
  }

  @Test
  void samplesAreTextTensors() throws IOException {
    Path file;
    String sample = "Es war einmal ☃ ".repeat(40);
    try (var log = TensorBoardLog.open(folder, 0, CLOCK)) {
      file = log.file();
      log.onEval(Events.eval(4, "first", sample));
    }
    var values = one(EventFileReader.events(file).get(1), 5).message();
    var text = values.getLast().message();
    assertThat(one(text, 1).text()).isEqualTo("samples/1");
    var tensor = one(text, 8).message();
    assertThat(one(tensor, 1).number()).as("DT_STRING").isEqualTo(7);
    assertThat(one(tensor, 8).text()).isEqualTo(sample);
    assertThat(one(one(one(text, 9).message(), 1).message(), 1).text()).isEqualTo("text");
  }

  @Test
  void resumedRunMarksWhereItTakesOver() throws IOException {
    Path first;
    Path second;
    try (var log = TensorBoardLog.open(folder, 0, CLOCK)) {
      first = log.file();
    }
    try (var log = TensorBoardLog.open(folder, 40, CLOCK)) {
      second = log.file();
    }
    assertThat(second).isNotEqualTo(first);
    var mark = EventFileReader.events(second).get(1);
    assertThat(one(mark, 2).number()).isEqualTo(41);
    assertThat(one(one(mark, 7).message(), 1).number()).as("SessionLog.START").isEqualTo(1);
  }

  @Test
  void aFullDiskIsNamedWithItsRoom() {
    var log = new TensorBoardLog(folder.resolve("events"), new RecordFile(Events.fullDisk()), InstantSource.system());
    assertThatThrownBy(() -> log.onStep(Events.step(1, 10))).isInstanceOf(DataException.class)
        .hasMessageMatching("cannot write .*events: No space left on device \\(\\d+ bytes free on its disk\\); .*");
  }
}
