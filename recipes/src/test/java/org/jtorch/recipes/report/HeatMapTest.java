package org.jtorch.recipes.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;

class HeatMapTest {
  private static final HeatMap MAP = new HeatMap("needle <1>", "% found", "tokens", List.of("128", "256"), "depth", List.of("0%", "50%", "100%"),
      new double[][] {{1, 0.5}, {0, Double.NaN}, {0.25, 1}});

  @Test void aPictureOfItsOwnIsXmlWithACellForEachValue() throws Exception {
    var document = DocumentBuilderFactory.newInstance().newDocumentBuilder()
        .parse(new ByteArrayInputStream(MAP.standalone(500, 300).getBytes(StandardCharsets.UTF_8)));
    assertThat(document.getElementsByTagName("title").getLength()).isEqualTo(6);
    assertThat(document.getElementsByTagName("rect").getLength()).isEqualTo(7);               // and the paper
    assertThat(MAP.standalone(500, 300)).contains("needle &lt;1&gt;", ">100</text>", ">50</text>", ">0</text>", ">25</text>", ">–</text>",
        "128, 0%: 100%", "fill-opacity=\"1.00\"", "fill-opacity=\"0.05\"");
    assertThat(MAP.inline(500, 300)).doesNotContain("<style>").startsWith("<svg");
  }

  @Test void sizesMustFit() {
    assertThatIllegalArgumentException().isThrownBy(() -> new HeatMap("", "", "", List.of("a"), "", List.of("b"), new double[0][0]))
        .withMessageContaining("1 rows");
    assertThatIllegalArgumentException().isThrownBy(() -> new HeatMap("", "", "", List.of("a"), "", List.of("b"), new double[1][2]))
        .withMessageContaining("2 values for 1 columns");
  }
}
