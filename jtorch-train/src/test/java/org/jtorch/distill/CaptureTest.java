package org.jtorch.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.jtorch.data.RowSource;
import org.jtorch.data.SparseRows;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.loss.SparseTargets.Reduction;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.TensorScope;
import org.jtorch.text.Tokenizer;
import org.jtorch.train.BatchTensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CaptureTest {
  private static final Pupils.Rows ROWS = new Pupils.Rows(23, 1);
  private static final int K = 7;

  @TempDir Path temp;
  private Tokenizer tokenizer;
  private Decoder teacher;

  @SuppressWarnings("MustBeClosedChecker")                                      // close() is the end of each test
  @BeforeEach void open() {
    tokenizer = Pupils.tokenizer(temp.resolve("tokenizer"));
    teacher = Pupils.model(DType.F32, 2);
  }

  @AfterEach void close() {
    teacher.close();
    tokenizer.close();
    assertThat(TensorScope.stats().live()).isZero();
  }

  private Capture capture(String folder, RowSource rows, CaptureSettings settings) {
    var clock = new AtomicLong();
    return new Capture(teacher, rows, tokenizer, settings, temp.resolve(folder), () -> clock.addAndGet(4_000_000_000L));
  }

  private Capture capture(String folder) {
    return capture(folder, ROWS, CaptureSettings.top(K, 5));
  }

  /// The files' bytes, by name, without the lock.
  private Map<String, List<Byte>> bits(String folder) throws IOException {
    var bits = new HashMap<String, List<Byte>>();
    try (var files = Files.list(temp.resolve(folder))) {
      for (Path file : files.filter(f -> !f.endsWith(".lock")).toList()) {
        var bytes = new ArrayList<Byte>();
        for (byte b : Files.readAllBytes(file)) {
          bytes.add(b);
        }
        bits.put(file.getFileName().toString(), bytes);
      }
    }
    return bits;
  }

  private static void opens(Path folder, RowSource rows) {
    try (var captured = CapturedTeacher.open(folder, rows)) {
      assertThat(captured.shards().rows()).isEqualTo(rows.rows());
    }
  }

  /// True after so many batches; the first question is asked while the lock is taken.
  private static BooleanSupplier after(int batches) {
    var asked = new AtomicLong();
    return () -> asked.incrementAndGet() > batches;
  }

  @Test void whatTheTeacherSaysIsKept() {
    var notes = new ArrayList<String>();
    assertThat(capture("captured").run(notes::add, () -> false)).isTrue();
    assertThat(notes.getFirst()).contains("12.9 kB", "23 rows of 12 tokens", "7 most probable");
    long[] some = {4, 0, 22};
    SparseRows known;
    try (var captured = CapturedTeacher.open(temp.resolve("captured"), ROWS)) {
      assertThat(captured.reduction()).isEqualTo(Reduction.TOP);
      assertThat(captured.shards().k()).isEqualTo(K);
      assertThat(captured.shards().vocabSize()).isEqualTo(Pupils.TOKENS);
      known = captured.shards().read(some);
    }
    try (var _ = TensorScope.open()) {
      var batch = TokenBatches.gather(ROWS, some);
      var logits = teacher.logits(Teaching.hidden(teacher, batch, BatchTensors.of(batch, teacher.device()))).detach().narrow(2, 0, Pupils.TOKENS);
      float[] probs = logits.softmax(2).contiguous().view(-1).toFloats();
      for (int at = 0; at < batch.targets().length; at++) {
        float[] all = Arrays.copyOfRange(probs, at * Pupils.TOKENS, (at + 1) * Pupils.TOKENS);
        double kept = 0;
        for (int i = 0; i < K && batch.targets()[at] >= 0; i++) {
          double p = Math.exp(known.logProbs()[at * K + i]);
          assertThat(p).isEqualTo(all[(int) known.ids()[at * K + i]], within(5e-4));
          kept += all[(int) known.ids()[at * K + i]];
        }
        Arrays.sort(all);
        if (batch.targets()[at] >= 0) {
          assertThat(Math.exp(known.logProbs()[at * K])).as("the most probable first").isEqualTo(all[all.length - 1], within(5e-4));
          assertThat((double) known.rest()[at]).isEqualTo(1 - kept, within(1e-5));
        }
      }
    }
  }

  @Test void theSizeThatIsSaidBeforeIsTheSize() throws IOException {
    var capture = capture("captured");
    assertThat(capture.run(_ -> { }, () -> false)).isTrue();
    try (var files = Files.list(temp.resolve("captured"))) {
      assertThat(files.filter(f -> f.toString().endsWith(".bin")).mapToLong(f -> f.toFile().length()).sum()).isEqualTo(capture.bytes());
    }
  }

  @ParameterizedTest @EnumSource(Reduction.class) void cutOffAnywhereItEndsInTheSameBits(Reduction reduction) throws IOException {
    var settings = new CaptureSettings(reduction, K, 5, 3);
    assertThat(capture("whole", ROWS, settings).run(_ -> { }, () -> false)).isTrue();
    for (int batches = 1; batches < 5; batches++) {
      String folder = "cut" + batches;
      assertThat(capture(folder, ROWS, settings).run(_ -> { }, after(batches))).isFalse();
      try (var ids = Files.newOutputStream(temp.resolve(folder).resolve("teacher-ids.bin"), StandardOpenOption.APPEND)) {
        ids.write(new byte[1000]);                                              // written behind the mark when it was killed
      }
      var notes = new ArrayList<String>();
      assertThat(capture(folder, ROWS, settings).run(notes::add, () -> false)).isTrue();
      assertThat(notes).anyMatch(n -> n.startsWith("going on after row"));
      assertThat(bits(folder)).isEqualTo(bits("whole"));
    }
  }

  @Test void aFinishedCaptureIsNotMadeAgain() throws IOException {
    assertThat(capture("captured").run(_ -> { }, () -> false)).isTrue();
    var before = bits("captured");
    assertThat(capture("captured").run(_ -> { }, after(1))).as("no batch is made, or it would stop").isTrue();
    assertThat(bits("captured")).isEqualTo(before);
  }

  @Test void anotherTeacherOtherRowsAndOtherSettingsAreRefused() {
    assertThat(capture("captured").run(_ -> { }, after(1))).isFalse();
    assertThatThrownBy(() -> capture("captured", ROWS, CaptureSettings.top(K + 1, 5)).run(_ -> { }, () -> false))
        .isInstanceOf(DataException.class).hasMessageContaining("another teacher, other rows or other settings");
    assertThatThrownBy(() -> capture("captured", new Pupils.Rows(23, 2), CaptureSettings.top(K, 5)).run(_ -> { }, () -> false))
        .isInstanceOf(DataException.class).hasMessageContaining("other rows");
    try (var other = Pupils.model(DType.F32, 3)) {
      assertThatThrownBy(() -> new Capture(other, ROWS, tokenizer, CaptureSettings.top(K, 5), temp.resolve("captured")).run(_ -> { }, () -> false))
          .isInstanceOf(DataException.class).hasMessageContaining("another teacher");
    }
    assertThat(capture("captured").run(_ -> { }, () -> false)).as("nothing is lost").isTrue();
  }

  @Test void aStudentOnOtherRowsIsRefused() {
    assertThat(capture("captured").run(_ -> { }, () -> false)).isTrue();
    for (var rows : List.of(new Pupils.Rows(23, 2), new Pupils.Rows(22, 1))) {
      assertThatThrownBy(() -> opens(temp.resolve("captured"), rows)).isInstanceOf(DataException.class)
          .hasMessageContaining("23 rows of 12 tokens").hasMessageContaining("packing");
    }
    assertThatThrownBy(() -> opens(temp.resolve("nothing"), ROWS)).isInstanceOf(DataException.class)
        .hasMessageContaining("jtorch distill capture");
  }

  @Test void aDiskWithoutTheRoomIsRefusedBeforeAnything() {
    var endless = new RowSource() {
      @Override public long rows() {
        return 1L << 40;
      }

      @Override public int seqLen() {
        return Pupils.SEQ;
      }

      @Override public void row(long index, long[] tokens, int[] segmentIds) {
        ROWS.row(index % 23, tokens, segmentIds);
      }
    };
    var notes = new ArrayList<String>();
    assertThatThrownBy(() -> capture("captured", endless, CaptureSettings.top(K, 5)).run(notes::add, () -> false)).isInstanceOf(DataException.class)
        .hasMessageContaining("free some space").hasMessageContaining("Nothing is begun");
    assertThat(notes).singleElement().asString().contains("606.9 TB");
    assertThat(temp.resolve("captured")).doesNotExist();
  }

  @Test void damageIsFound() throws IOException {
    assertThat(capture("captured").run(_ -> { }, () -> false)).isTrue();
    for (String name : List.of("teacher-ids.bin", "teacher-logprobs.bin", "teacher-rest.bin")) {
      Path file = temp.resolve("captured").resolve(name);
      byte[] whole = Files.readAllBytes(file);
      for (int at : new int[] {20, 100, whole.length - 1}) {
        byte[] bytes = whole.clone();
        bytes[at] ^= 4;
        Files.write(file, bytes);
        assertThatThrownBy(() -> opens(temp.resolve("captured"), ROWS)).as("%s, byte %s", name, at)
            .isInstanceOf(DataException.class).hasMessageContaining(name);
      }
      Files.write(file, Arrays.copyOf(whole, whole.length - 3));
      assertThatThrownBy(() -> opens(temp.resolve("captured"), ROWS)).isInstanceOf(DataException.class)
          .hasMessageContaining(name);
      Files.write(file, whole);
    }
    Path facts = temp.resolve("captured").resolve("captured.json");
    JsonFile.write(facts, ((ObjectNode) JsonFile.open(facts).node()).put("reduction", "none"));
    assertThatThrownBy(() -> opens(temp.resolve("captured"), ROWS)).isInstanceOf(DataException.class)
        .hasMessageContaining("\"none\"");
  }

  @Test void settingsThatDoNotFitAreNamed() {
    assertThatIllegalArgumentException().isThrownBy(() -> CaptureSettings.top(0, 1)).withMessageContaining("`k`");
    assertThatIllegalArgumentException().isThrownBy(() -> CaptureSettings.top(1, 0)).withMessageContaining("`batch`");
    assertThatIllegalArgumentException().isThrownBy(() -> capture("c", ROWS, CaptureSettings.top(Pupils.TOKENS + 1, 1)))
        .withMessageContaining("`k` is 265").withMessageContaining("264 tokens");
    try (var small = Pupils.model(100, DType.F32, 1)) {
      assertThatIllegalArgumentException().isThrownBy(() -> new Capture(small, ROWS, tokenizer, CaptureSettings.top(1, 1), temp))
          .withMessageContaining("264 tokens but the teacher 100");
    }
  }

  @Test void batchesBringWhatIsKept() {
    assertThat(capture("captured").run(_ -> { }, () -> false)).isTrue();
    try (var captured = CapturedTeacher.open(temp.resolve("captured"), ROWS)) {
      var batches = new TokenBatches(3, 4, ROWS).with(captured.shards());
      try (var ahead = batches.prefetch(2, 1)) {
        SparseRows brought = Objects.requireNonNull(ahead.next().teacher());
        long[] rows = batches.order().rowsOf(2, 4);
        assertThat(brought.ids()).isEqualTo(LongStream.of(rows).mapToObj(r -> captured.shards().read(r).ids()).flatMapToLong(Arrays::stream).toArray());
        var second = Objects.requireNonNull(batches.at(2).split(2).get(1).teacher());
        assertThat(second.ids()).isEqualTo(Arrays.copyOfRange(brought.ids(), brought.ids().length / 2, brought.ids().length));
        assertThat(second.rest()).hasSize(2 * Pupils.SEQ);
      }
      assertThatThrownBy(() -> new TokenBatches(3, 4, new Pupils.Rows(22, 1)).with(captured.shards())).isInstanceOf(DataException.class)
          .hasMessageContaining("23 rows of 12 tokens, but here are 22");
    }
  }
}
