package org.jtorch.parity;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.jtorch.parity.Row.Verdict;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every model under `parity/models` in the test resources, against its stored outputs: logits, hidden states, losses,
/// gradients three ways, generation. A new family adds a folder there and nothing here.
class FamilyFixturesTest {
  static List<String> cases() {
    try (Stream<Path> folders = Files.list(root())) {
      return folders.map(f -> String.valueOf(f.getFileName())).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest @MethodSource("cases")
  void equalsTheReference(String name) {
    var rows = ParityRunner.run(root().resolve(name), OptionalDouble.empty(), _ -> {});
    assertThat(rows).hasSizeGreaterThan(5)
        .allSatisfy(r -> assertThat(r.verdict()).as(r.toString()).isEqualTo(Verdict.PASS));
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void thereAreSome() {
    assertThat(cases()).contains("llama31");
  }

  private static Path root() {
    try {
      return Path.of(Objects.requireNonNull(FamilyFixturesTest.class.getResource("/parity/models")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
