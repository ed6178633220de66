package org.jtorch.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Objects;
import org.jtorch.io.JsonFile;
import org.jtorch.io.JsonValues;
import org.junit.jupiter.api.Test;

/// A thousand small templates, made by chance, with what Jinja2 3.1.6 renders in the sandbox of transformers 5.18, or that it fails.
class Jinja2FixtureTest {
  @Test void rendersWhatJinja2Renders() throws URISyntaxException {
    var fixture = JsonFile.open(Path.of(Objects.requireNonNull(Jinja2FixtureTest.class.getResource("/jinja/jinja2.json")).toURI())).node();
    var data = JsonValues.map(fixture.path("data"));
    var wrong = new ArrayList<String>();
    int failing = 0;
    for (JsonNode one : fixture.path("cases")) {
      String template = one.path("template").asText();
      String wanted = one.has("error") ? "an error" : one.path("text").asText();
      failing += one.has("error") ? 1 : 0;
      String text;
      try {
        text = Template.parse(template).render(data, RenderOptions.DEFAULT);
      } catch (TemplateException e) {
        text = one.has("error") ? "an error" : e.toString();
      }
      if (!text.equals(wanted)) {
        wrong.add(template + "\n  gives  " + text + "\n  wanted " + wanted + " " + one.path("error").asText());
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(fixture.path("cases").size()).isGreaterThan(900);
    assertThat(failing).isGreaterThan(90);
  }
}
