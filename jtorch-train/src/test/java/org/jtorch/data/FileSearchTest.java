package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Globs below folders of any name.
class FileSearchTest {
  @TempDir Path dir;

  private Path file(String name) throws IOException {
    Path file = dir.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, "x");
  }

  private List<String> find(String glob) {
    return FileSearch.find(dir.resolve(glob), ".txt").stream().map(f -> dir.relativize(f).toString().replace('\\', '/')).toList();
  }

  @ParameterizedTest @ValueSource(strings = {"plain", "with space", "v[2]", "[", "]x[", "{a,b}", "{", "a,b", "naïve 猫 🚀", "a!b", "-",
      "(1)", "$HOME", "a'b", "100%", "#1", "~", "a^b", "[!a]", "x{y", "..."})
  void aFolderMayHaveAnyName(String folder) throws IOException {
    file(folder + "/b.txt");
    file(folder + "/a.txt");
    file(folder + "/sub/c.txt");
    assertThat(find(folder + "/*.txt")).containsExactly(folder + "/a.txt", folder + "/b.txt");
    assertThat(find(folder + "/**.txt")).containsExactly(folder + "/a.txt", folder + "/b.txt", folder + "/sub/c.txt");
    assertThat(find(folder + "/*/c.txt")).containsExactly(folder + "/sub/c.txt");
    assertThat(find(folder)).hasSize(3);
    assertThat(find(folder + "/a.txt")).containsExactly(folder + "/a.txt");
  }

  @ParameterizedTest @ValueSource(strings = {"part [1]", "{x}", "[", "a]b"})
  void soMayAFileBesideAWildcard(String name) throws IOException {
    file(name + "-1.txt");
    file("other.txt");
    assertThat(find(name + "-*.txt")).containsExactly(name + "-1.txt");
    assertThat(find(name + "-?.txt")).containsExactly(name + "-1.txt");
  }

  @Test void bracketsAndBracesAreChoicesToo() throws IOException {
    for (String name : List.of("part-1.txt", "part-2.txt", "part-x.txt", "a.jsonl")) {
      file("d/" + name);
    }
    assertThat(find("d/part-[0-9].txt")).containsExactly("d/part-1.txt", "d/part-2.txt");
    assertThat(find("d/part-{1,x}.txt")).containsExactly("d/part-1.txt", "d/part-x.txt");
    assertThat(find("*/part-?.txt")).hasSize(3);
  }

  @Test void whatIsNotThereIsNamed() throws IOException {
    file("d/a.txt");
    assertThatThrownBy(() -> find("d/[0-9].txt")).isInstanceOf(DataException.class).hasMessageContaining("[0-9].txt");
    assertThatThrownBy(() -> find("nowhere/*.txt")).isInstanceOf(DataException.class).hasMessageContaining("nowhere");
    assertThatThrownBy(() -> find("d/b.txt")).isInstanceOf(DataException.class).hasMessageContaining("no file or folder");
  }
}
