package org.jtorch.parity;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JinjaCasesTest {
  @TempDir Path temp;

  private static List<Row> run(Path folder) {
    return ParityRunner.run(folder, OptionalDouble.empty(), _ -> {});
  }

  private List<Row> run(String entry) throws IOException {
    Files.writeString(temp.resolve("case.json"), "{\"case\": \"own\", \"kind\": \"jinja\"}");
    Files.writeString(temp.resolve("cases.json"), "[{\"name\": \"n\", \"chat_template\": \"{{ x.y }}\", \"data\": {\"x\": null}, " + entry + "}]");
    return run(temp);
  }

  @Test void publishedTemplatesRenderAsStored() throws URISyntaxException {
    var rows = run(Path.of(Objects.requireNonNull(JinjaCasesTest.class.getResource("/parity/jinja")).toURI()));
    assertThat(rows).hasSize(2).extracting(Row::verdict).containsOnly(Row.Verdict.PASS);
    assertThat(rows).extracting(Row::note).containsExactlyInAnyOrder("13 templates, exact", "19 templates, exact");
  }

  @Test void anotherTextIsFound() throws IOException {
    assertThat(run("\"target\": \"\"")).singleElement().satisfies(r -> assertThat(r.verdict()).isEqualTo(Row.Verdict.PASS));
    assertThat(run("\"target\": \"z\"")).singleElement().satisfies(r -> assertThat(r.verdict()).isEqualTo(Row.Verdict.FAIL))
        .satisfies(r -> assertThat(r.note()).contains("1 of 1 differ, first n: \"\" but \"z\" is stored"));
  }

  @Test void aTextWhereAnErrorMustBeIsFound() throws IOException {
    assertThat(run("\"error\": \"any\"")).singleElement().satisfies(r -> assertThat(r.verdict()).isEqualTo(Row.Verdict.FAIL))
        .satisfies(r -> assertThat(r.note()).contains("must fail"));
  }

  @Test void aTextOfAnotherEngineIsLeftOutAndSaidSo() throws IOException {
    var rows = run("\"target\": \"z\", \"python_jinja2_equal\": false");
    assertThat(rows).extracting(Row::verdict).containsExactly(Row.Verdict.SKIP, Row.Verdict.PASS);
    assertThat(rows.getFirst().what()).isEqualTo("n");
    assertThat(run("\"target\": \"\", \"python_jinja2_equal\": false")).extracting(Row::verdict).containsExactly(Row.Verdict.PASS);
  }
}
