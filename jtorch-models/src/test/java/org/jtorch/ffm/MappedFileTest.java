package org.jtorch.ffm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedFileTest {
  @TempDir Path folder;

  @Test
  void showsTheBytesOfTheFileAndRefusesToWriteThem() throws IOException {
    var path = Files.write(folder.resolve("a.bin"), new byte[] {1, 2, 3});
    try (var file = MappedFile.open(path)) {
      assertThat(file.size()).isEqualTo(3);
      assertThat(file.path()).isEqualTo(path);
      assertThat(file.segment().toArray(ValueLayout.JAVA_BYTE)).containsExactly(1, 2, 3);
      assertThat(file.segment().isReadOnly()).isTrue();
    }
  }

  @Test
  void mapsMoreThanTwoGibibytesAtOnce() throws IOException {
    var path = folder.resolve("sparse.bin");
    long size = (2L << 30) + 5;
    try (var raw = new RandomAccessFile(path.toFile(), "rw")) {
      raw.setLength(size);
      raw.seek(size - 1);
      raw.write(9);
    }
    try (var file = MappedFile.open(path)) {
      assertThat(file.segment().byteSize()).isEqualTo(size);
      assertThat(file.segment().get(ValueLayout.JAVA_BYTE, size - 1)).isEqualTo((byte) 9);
    }
  }

  @Test
  void mapsAnEmptyFile() throws IOException {
    try (var file = MappedFile.open(Files.createFile(folder.resolve("empty.bin")))) {
      assertThat(file.segment().byteSize()).isZero();
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closed by hand, twice
  void readingAfterCloseNamesTheFileAndClosingTwiceIsFine() throws IOException {
    var file = MappedFile.open(Files.write(folder.resolve("late.bin"), new byte[] {1}));
    var segment = file.segment();
    file.close();
    file.close();
    assertThatThrownBy(file::segment).isInstanceOf(IllegalStateException.class).hasMessageContaining("late.bin is closed");
    assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOfSatisfying(IllegalStateException.class,
        bare -> assertThat(file.explain(bare)).hasMessageContaining("late.bin is closed").hasCause(bare));
  }

  @Test
  void otherFailuresAreNotExplainedAway() throws IOException {
    try (var file = MappedFile.open(Files.write(folder.resolve("open.bin"), new byte[] {1}))) {
      var other = new IllegalStateException("something else");
      assertThat(file.explain(other)).isSameAs(other);
    }
  }

  @Test
  void missingFilesAndFoldersAreNamed() {
    assertThatThrownBy(() -> openAndClose(folder.resolve("none.bin")))
        .isInstanceOf(UncheckedIOException.class).hasMessageContaining("none.bin").hasMessageContaining("no such file");
    assertThatThrownBy(() -> openAndClose(folder))
        .isInstanceOf(UncheckedIOException.class).hasMessageContaining("is a folder");
  }

  private static void openAndClose(Path path) {
    try (var file = MappedFile.open(path)) {
      assertThat(file.path()).isEqualTo(path);
    }
  }
}
