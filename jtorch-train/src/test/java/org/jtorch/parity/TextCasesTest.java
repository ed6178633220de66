package org.jtorch.parity;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextCasesTest {
  @TempDir Path temp;

  private static Path fixture() throws URISyntaxException {
    return Path.of(Objects.requireNonNull(TextCasesTest.class.getResource("/parity/templates/gemma")).toURI());
  }

  private static List<Row> run(Path folder) {
    return ParityRunner.run(folder, OptionalDouble.empty(), _ -> {});
  }

  @Test void masksOfTheAssistantAreCompared() throws URISyntaxException {
    var rows = run(fixture());
    assertThat(rows).extracting(Row::what).containsExactly("rendered", "input_ids", "assistant_masks", "assistant_text");
    assertThat(rows).extracting(Row::verdict).containsOnly(Row.Verdict.PASS);
  }

  @Test void oneWrongTokenOfAMaskIsFound() throws IOException, URISyntaxException {
    for (String name : List.of("case.json", "cases.json", "tokenizer.json", "tokenizer_config.json")) {
      Files.copy(fixture().resolve(name), temp.resolve(name));
    }
    var mapper = new ObjectMapper();
    var cases = (ObjectNode) mapper.readTree(temp.resolve("cases.json").toFile());
    var mask = (ArrayNode) cases.path("chats").path(2).path("assistant_masks");
    mask.set(mask.size() - 1, 1 - mask.get(mask.size() - 1).asInt());
    mapper.writeValue(temp.resolve("cases.json").toFile(), cases);
    var rows = run(temp);
    assertThat(rows).filteredOn(r -> r.verdict() == Row.Verdict.FAIL).singleElement()
        .satisfies(r -> assertThat(r.what()).isEqualTo("assistant_masks"))
        .satisfies(r -> assertThat(r.note()).contains("chats[2]"));
  }
}
