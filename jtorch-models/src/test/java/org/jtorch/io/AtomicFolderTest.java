package org.jtorch.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import org.jtorch.io.AtomicFolder.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AtomicFolderTest {
  @TempDir Path folder;

  @Test
  void publishedFoldersAreWholeAndListed() throws IOException {
    var target = publish(1);
    assertThat(target.resolve("state.json")).hasContent("state 1");
    assertThat(Files.readString(target.resolve("manifest.json"), StandardCharsets.UTF_8)).contains("sub/weights.bin");
    AtomicFolder.verify(target);
    assertThat(temporaries()).isZero();
  }

  /// What lies on the disk at each stage is what a kill at that stage leaves: copied there, it must resume.
  @Test
  void aKillAtAnyStageLeavesTheEarlierCheckpointOrTheNewOne() throws IOException {
    var run = folder.resolve("run");
    publish(run.resolve("step-1"), "state 1");
    var copies = new EnumMap<Stage, Path>(Stage.class);
    var halfway = folder.resolve("halfway");
    AtomicFolder.publish(run.resolve("step-2"), 0, temporary -> {
      fill(temporary, "state 2");
      Files.writeString(temporary.resolve("half"), "ha", StandardCharsets.UTF_8);
      copy(run, halfway);
    }, stage -> copies.put(stage, copy(run, folder.resolve(stage.name()))));
    assertThat(newest(halfway)).isEqualTo("step-1");
    assertThat(copies).hasSize(Stage.values().length);
    for (Map.Entry<Stage, Path> killed : copies.entrySet()) {
      assertThat(newest(killed.getValue())).as("killed at %s", killed.getKey())
          .isEqualTo(killed.getKey() == Stage.RENAMED ? "step-2" : "step-1");
    }
  }

  @Test
  void aProcessThatDiesWhileWritingIsCleanedUpAfterByTheNext() throws Exception {
    publish(1);
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var process = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), "-XX:TieredStopAtLevel=1",
        Dying.class.getName(), folder.resolve("step-2").toString()).inheritIO().start();
    assertThat(process.waitFor()).isEqualTo(42);
    assertThat(temporaries()).isEqualTo(1);
    assertThat(newest(folder)).isEqualTo("step-1");
    publish(3);
    assertThat(temporaries()).isZero();
    assertThat(newest(folder)).isEqualTo("step-3");
  }

  @ParameterizedTest
  @EnumSource(value = Stage.class, mode = EnumSource.Mode.EXCLUDE, names = "RENAMED")
  void aFailingDiskChangesNothingAndSaysSo(Stage failing) throws IOException {
    publish(1);
    assertThatThrownBy(() -> AtomicFolder.publish(folder.resolve("step-2"), 0, this::fill, stage -> {
      if (stage == failing) {
        throw new IOException("No space left on device");
      }
    })).isInstanceOf(DataException.class).hasMessageContaining("step-2").hasMessageContaining("No space left on device")
        .hasMessageContaining("bytes free").hasMessageContaining("nothing was changed; the earlier checkpoint")
        .hasMessageContaining("step-1 is intact");
    assertThat(folder.resolve("step-2")).doesNotExist();
    assertThat(temporaries()).isZero();
    assertThat(newest(folder)).isEqualTo("step-1");
  }

  @Test
  void aFailureAfterTheRenameDoesNotClaimThatNothingChanged() {
    assertThatThrownBy(() -> AtomicFolder.publish(folder.resolve("step-2"), 0, this::fill, stage -> {
      if (stage == Stage.RENAMED) {
        throw new IOException("gone");
      }
    })).isInstanceOf(DataException.class).hasMessageContaining("could not confirm").hasMessageNotContaining("nothing was");
    AtomicFolder.verify(folder.resolve("step-2"));
  }

  @Test
  void aBodyThatFailsIsCleanedUp() throws IOException {
    assertThatThrownBy(() -> AtomicFolder.publish(folder.resolve("step-1"), temporary -> {
      fill(temporary);
      throw new IllegalStateException("bug");
    })).isInstanceOf(IllegalStateException.class).hasMessage("bug");
    assertThatThrownBy(() -> AtomicFolder.publish(folder.resolve("step-1"), temporary -> {
      throw new DataException("cannot write weights");
    })).isInstanceOf(DataException.class).hasMessageContaining("cannot write weights").hasMessageContaining("nothing was changed")
        .hasMessageNotContaining("earlier checkpoint");
    assertThatThrownBy(() -> AtomicFolder.publish(folder.resolve("step-1"), temporary ->
        Files.writeString(temporary.resolve("manifest.json"), "{}", StandardCharsets.UTF_8)))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("manifest.json");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void tooLittleSpaceIsSeenBeforeAnythingIsWritten() {
    assertThatThrownBy(() -> AtomicFolder.publish(folder.resolve("new/step-1"), Long.MAX_VALUE, this::fill))
        .isInstanceOf(DataException.class).hasMessageContaining(Long.MAX_VALUE + " bytes are needed");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void anExistingTargetIsRefused() throws IOException {
    publish(1);
    assertThatThrownBy(() -> publish(1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("exists already");
    AtomicFolder.verify(folder.resolve("step-1"));
  }

  @Test
  void linksAreRefused() {
    assertThatThrownBy(() -> AtomicFolder.publish(folder.resolve("step-1"),
        temporary -> Files.createSymbolicLink(temporary.resolve("link"), Path.of("elsewhere"))))
        .isInstanceOf(DataException.class).hasMessageContaining("is a link");
  }

  @Test
  void damageIsNamedAndPassedOver() throws IOException {
    publish(9);
    publish(10);
    publish(11);
    publish(12);
    Files.delete(folder.resolve("step-12/state.json"));
    Files.writeString(folder.resolve("step-11/sub/weights.bin"), "weightz", StandardCharsets.UTF_8);
    Files.writeString(folder.resolve("step-10/state.json"), "longer than it was", StandardCharsets.UTF_8);
    Files.createDirectory(folder.resolve("step-13"));
    Files.createDirectory(folder.resolve("step-14b"));
    var notes = new ArrayList<String>();
    assertThat(AtomicFolder.newestValid(folder, "step-", notes::add)).contains(folder.resolve("step-9"));
    assertThat(notes).hasSize(4);
    assertThat(notes.get(0)).contains("Passing over step-13").contains("manifest.json");
    assertThat(notes.get(1)).contains("state.json is missing");
    assertThat(notes.get(2)).contains("sub/weights.bin is damaged");
    assertThat(notes.get(3)).contains("state.json has 18 bytes instead of 8");
  }

  @Test
  void damagedManifestsAreNeverTakenForWhole() throws IOException {
    var published = publish(1);
    var manifest = published.resolve("manifest.json");
    var good = Files.readAllBytes(manifest);
    for (int cut = 0; cut < good.length - 2; cut += 7) {
      Files.write(manifest, Arrays.copyOf(good, cut));
      assertThat(AtomicFolder.newestValid(folder, "step-", note -> {})).as("cut at %s", cut).isEmpty();
    }
    Files.writeString(manifest, "{\"files\":[{\"name\":\"../x\",\"size\":1,\"sha256\":\"00\"}]}", StandardCharsets.UTF_8);
    assertThatThrownBy(() -> AtomicFolder.verify(published)).hasMessageContaining("leads out of the folder");
  }

  @Test
  void emptyOrMissingParentsHoldNothing() {
    assertThat(AtomicFolder.newestValid(folder.resolve("none"), "step-", note -> {})).isEmpty();
    assertThat(AtomicFolder.newestValid(folder, "step-", note -> {})).isEmpty();
    assertThatThrownBy(() -> AtomicFolder.verify(folder.resolve("none"))).isInstanceOf(DataException.class)
        .hasMessageContaining("there is no folder");
  }

  @Test
  void foldersOfLivingProcessesAreLeftAloneAndThoseFromBeforeARestartAreNot() throws IOException {
    long pid = ProcessHandle.current().pid();
    var living = Files.createDirectory(folder.resolve(".tmp-other-" + pid));
    var reused = Files.createDirectory(folder.resolve(".tmp-older-" + pid));
    Files.setLastModifiedTime(reused, FileTime.from(Instant.EPOCH));
    publish(1);
    assertThat(living).exists();
    assertThat(reused).doesNotExist();
  }

  @Test
  void sumsAreSha256() throws IOException {
    var file = Files.writeString(folder.resolve("abc"), "abc", StandardCharsets.UTF_8);
    assertThat(Manifest.sha256(file)).isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }

  /// Another process, killed in the middle of a publication.
  static final class Dying {
    private Dying() {}

    public static void main(String[] arguments) {
      AtomicFolder.publish(Path.of(arguments[0]), 0, folder -> Files.write(folder.resolve("half"), new byte[10]), stage -> {
        if (stage == Stage.LISTED) {
          Runtime.getRuntime().halt(42);
        }
      });
    }
  }

  private Path publish(int step) throws IOException {
    return publish(folder.resolve("step-" + step), "state " + step);
  }

  private static Path publish(Path target, String state) throws IOException {
    AtomicFolder.publish(target, 100, temporary -> fill(temporary, state));
    return target;
  }

  private void fill(Path temporary) throws IOException {
    fill(temporary, "state");
  }

  private static void fill(Path temporary, String state) throws IOException {
    Files.writeString(temporary.resolve("state.json"), state, StandardCharsets.UTF_8);
    Files.createDirectory(temporary.resolve("sub"));
    Files.writeString(temporary.resolve("sub/weights.bin"), "weights", StandardCharsets.UTF_8);
  }

  private static String newest(Path parent) {
    return AtomicFolder.newestValid(parent, "step-", note -> {}).map(path -> path.getFileName().toString()).orElse("none");
  }

  private long temporaries() throws IOException {
    try (var paths = Files.list(folder)) {
      return paths.filter(path -> path.getFileName().toString().startsWith(".tmp-")).count();
    }
  }

  private static Path copy(Path from, Path to) throws IOException {
    try (var paths = Files.walk(from)) {
      for (var path : paths.toList()) {
        Files.copy(path, to.resolve(from.relativize(path).toString()));
      }
    }
    return to;
  }
}
