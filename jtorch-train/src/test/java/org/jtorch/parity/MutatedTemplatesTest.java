package org.jtorch.parity;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jtorch.io.JsonFile;
import org.jtorch.io.JsonValues;
import org.jtorch.jinja.RenderOptions;
import org.jtorch.jinja.Template;
import org.jtorch.jinja.TemplateException;
import org.junit.jupiter.api.Test;

/// Published templates with pieces taken out, doubled and put in by chance: each renders, or is refused with a word.
class MutatedTemplatesTest {
  private static final List<String> PIECES = List.of("{%", "%}", "{{", "}}", "{#", "#}", "-", "(", ")", "[", "]", "|", " is ", " not ", " in ", " for ",
      "{% if x %}", "{% endif %}", "{% endfor %}", "*", "**", "'", "\"", "\\", "~", "range(99999)", "|list", "|tojson", ".", "=", ",", "{", "}",
      "none", "-1", "99999999999", "|map('upper')");

  @Test void nothingButAWordedRefusal() throws URISyntaxException {
    JsonNode cases = JsonFile.openAny(
        Path.of(Objects.requireNonNull(MutatedTemplatesTest.class.getResource("/parity/jinja/published/cases.json")).toURI()));
    var random = new Random(8);
    int rendered = 0;
    int refused = 0;
    for (int i = 0; i < 2_000; i++) {
      JsonNode one = cases.get(i % cases.size());
      String template = mutated(one.path("chat_template").asText(), random);
      try {
        rendered += Template.parse(template).render(JsonValues.map(one.path("data")), RenderOptions.DEFAULT).isEmpty() ? 0 : 1;
      } catch (TemplateException e) {
        assertThat(e).as(template).hasMessageNotContaining("null");
        refused++;
      }
    }
    assertThat(rendered).isGreaterThan(200);
    assertThat(refused).isGreaterThan(200);
  }

  private static String mutated(String template, Random random) {
    var text = new StringBuilder(template);
    for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
      int at = random.nextInt(text.length());
      switch (random.nextInt(3)) {
        case 0 -> text.insert(at, PIECES.get(random.nextInt(PIECES.size())));
        case 1 -> text.delete(at, Math.min(text.length(), at + random.nextInt(12)));
        default -> {
          int from = random.nextInt(text.length());
          text.insert(at, text.substring(from, Math.min(text.length(), from + random.nextInt(60))));
        }
      }
    }
    return text.toString();
  }
}
