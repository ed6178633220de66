package org.jtorch.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
  @TempDir Path folder;

  @Test
  void textBytesSegmentsAndCopiesReplaceAFileAndMakeItsFolders() throws IOException {
    Path file = folder.resolve("new/sub/notes.txt");
    AtomicFile.write(file, "gr\u00FC\u00DFe");
    assertThat(file).hasContent("gr\u00FC\u00DFe");
    AtomicFile.write(file, new byte[] {1, 2});
    assertThat(file).hasBinaryContent(new byte[] {1, 2});
    AtomicFile.write(file, 3, out -> out.write(MemorySegment.ofArray(new byte[] {3, 4, 5})));
    assertThat(file).hasBinaryContent(new byte[] {3, 4, 5});
    Path other = Files.writeString(folder.resolve("other"), "other");
    AtomicFile.copy(other, file);
    assertThat(file).hasContent("other");
    assertThat(file.getParent()).isDirectoryNotContaining("glob:**/.tmp-*");
  }

  /// Two processes write into one folder: what one of them lists, the other may put in its place the moment after.
  @Test
  void aTemporaryFileThatIsNoMoreIsNotAbandoned() throws IOException {
    long gone = Long.MAX_VALUE / 10;
    assertThat(LeftOvers.isAbandoned(folder.resolve(".tmp-recipe.yaml-" + gone))).isFalse();
    assertThat(LeftOvers.isAbandoned(Files.writeString(folder.resolve(".tmp-recipe.yaml-" + gone), "cut off"))).isTrue();
  }

  @Test
  void aFailureLeavesWhatWasThereAndNothingElse() {
    Path file = folder.resolve("model.bin");
    AtomicFile.write(file, "old");
    assertThatThrownBy(() -> AtomicFile.write(file, 9, out -> {
      out.write(MemorySegment.ofArray(new byte[4]));
      throw new IOException("No space left on device");
    })).isInstanceOf(DataException.class).hasMessageContaining("model.bin").hasMessageContaining("No space left on device");
    assertThatThrownBy(() -> AtomicFile.copy(folder.resolve("missing"), file)).isInstanceOf(DataException.class)
        .hasMessageContaining("model.bin").hasMessageContaining("missing");
    assertThat(file).hasContent("old");
    assertThat(folder).isDirectoryNotContaining("glob:**/.tmp-*");
  }

  @Test
  void aPendingFileHasItsNameOnceItIsPublishedAndNoneIfItIsNot() throws IOException {
    Path file = folder.resolve("tokens.bin");
    try (var pending = PendingFile.beside(file)) {
      Files.writeString(pending.path(), "half");
      assertThat(file).doesNotExist();
    }
    assertThat(folder).isEmptyDirectory();
    try (var pending = PendingFile.beside(file)) {
      Files.writeString(pending.path(), "whole");
      pending.publish();
    }
    assertThat(file).hasContent("whole");
    assertThat(folder).isDirectoryNotContaining("glob:**/.tmp-*");
  }

  /// A process number beyond those that systems give out stands for a process that is gone.
  @Test
  void whatADeadProcessLeftIsRemovedAndOthersFilesStay() throws IOException {
    Path gone = Files.writeString(folder.resolve(".tmp-tokens.bin-999999999999"), "half", UTF_8);
    Path alive = Files.writeString(folder.resolve(".tmp-other.bin-" + ProcessHandle.current().pid()), "half", UTF_8);
    Path foreign = Files.writeString(folder.resolve(".tmp-notes"), "a user's", UTF_8);
    AtomicFile.write(folder.resolve("report.html"), "<html>");
    assertThat(gone).doesNotExist();
    assertThat(alive).exists();
    assertThat(foreign).exists();
  }
}
