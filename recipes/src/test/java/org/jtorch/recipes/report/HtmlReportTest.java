package org.jtorch.recipes.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.jtorch.observe.EvalEvent;
import org.jtorch.observe.JsonlLog;
import org.jtorch.observe.MetricsFile;
import org.jtorch.observe.RunEnd;
import org.jtorch.observe.RunStart;
import org.jtorch.observe.SaveEvent;
import org.jtorch.observe.StepEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class HtmlReportTest {
  private static final String HOSTILE = "<script>alert('x')</script> & \"q\" \u0000";
  private static final MetricsFile EMPTY =
      new MetricsFile(List.of(), List.of(), List.of(), List.of(), List.of(), List.of());

  @TempDir Path folder;

  private static StepEvent step(long step, double loss) {
    boolean skipped = step == 50;
    double norm = skipped ? Double.POSITIVE_INFINITY : 1;
    return new StepEvent(step, 100, loss, norm, 1e-3, 1000, 0.5, skipped, 1, 1, 3_000_000);
  }

  private static MetricsFile metrics(String text) {
    List<StepEvent> steps = new ArrayList<>();
    for (int i = 1; i <= 100; i++) {
      steps.add(step(i, i == 50 ? Double.NaN : 2));
    }
    return new MetricsFile(
        List.of(new RunStart(text, 100, 0, 1_234_567, 6e6, 24e9)),
        steps,
        List.of(new EvalEvent(50, 2.5, 1.25, 12.18, List.of("early")), new EvalEvent(100, 2.4, 1.3, 11.02, List.of(text))),
        List.of(new SaveEvent(100, Path.of("checkpoints").resolve("step-100 <b>"), 2.0, 2_000_000)),
        List.of(text),
        List.of(new RunEnd("finished", 60)));
  }

  private String report(ReportData data) throws Exception {
    return Files.readString(HtmlReport.write(folder, data));
  }

  private static Document xml(String text) throws Exception {
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(text)));
  }

  @Test
  void tilesTellTheResult() throws Exception {
    String html = report(new ReportData("tiny", metrics("text"), "", Map.of()));
    var tiles = new LinkedHashMap<String, String>();
    var pattern = Pattern.compile("class=\"name\">([^<]*)</div><div class=\"value\">([^<]*)</div><div class=\"more\">([^<]*)");
    pattern.matcher(html).results().forEach(m -> tiles.put(m.group(1), m.group(2) + " | " + m.group(3)));
    assertThat(tiles).containsExactlyInAnyOrderEntriesOf(Map.of(
        "Training loss", "2.000 | smoothed, nats per token",
        "Bits per byte", "1.3000 | best 1.2500 at step 50",
        "Perplexity", "11.02 | loss 2.400",
        "Tokens per second", "2.0k | 50.0% of matrix peak",
        "Training time", "52s | steps and checkpoints",
        "Tokens", "100k | 100,000",
        "Parameters", "1.2M | 1,234,567",
        "Steps", "100 | of 100, 1 skipped",
        "Peak memory", "3.0 MB | resident"));
    assertThat(html).contains("badge good\">finished");
  }

  @Test
  void figuresOfATrainersOwnHaveChartsAndALossInTheTile() throws Exception {
    SequencedMap<String, Double> figures = new LinkedHashMap<>();
    figures.put("win_rate", 0.5);
    figures.put("<b>", 1.0);
    var steps = List.of(step(1, 2), new StepEvent(2, 100, 2, 1, 1e-3, 1000, 0.5, false, 1, 1, 1, 0, figures));
    var metrics = new MetricsFile(List.of(), steps, List.of(EvalEvent.of(2, 0.75, figures)), List.of(), List.of(), List.of());
    var charts = new Curves(metrics).small();
    assertThat(charts).extracting(LineChart::title).containsExactly("Learning rate", "Gradient norm", "Speed", "win rate", "<b>");
    assertThat(charts).extracting(LineChart::id).doesNotHaveDuplicates();
    var svg = xml(charts.get(3).inline(600, 300));
    assertThat(svg.getDocumentElement().getTextContent()).contains("win rate", "train", "validation", "step 2: ");
    assertThat(charts.get(3).series()).allMatch(series -> series.points().equals(List.of(new Series.Point(2, 0.5))));
    String html = report(new ReportData("tiny", metrics, "", Map.of()));
    assertThat(html).contains("Validation loss</div><div class=\"value\">0.7500").doesNotContain("NaN").doesNotContain("<b>");
  }

  @Test
  void everyTextIsEscaped() throws Exception {
    String html = report(new ReportData(HOSTILE, metrics(HOSTILE), HOSTILE, Map.of(HOSTILE, HOSTILE)));
    assertThat(html).doesNotContain("<script").doesNotContain("\u0000").doesNotContain("step-100 <b>");
    // title, heading, sample, configuration, environment (twice), note
    assertThat(html.split(Pattern.quote("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;q&quot;"), -1)).hasSize(8);
  }

  @Test
  void pageNeedsNothingElse() throws Exception {
    String html = report(new ReportData("tiny", metrics("text"), "steps: 100", Map.of("Java", "25")));
    assertThat(html).doesNotContain("http").doesNotContain("src=").doesNotContain("href=").doesNotContain("@import");
    assertThat(html).contains("prefers-color-scheme:dark");
    assertThat(html).contains("<h2>Curves</h2>", "<h2>Samples</h2>", "<h2>Configuration</h2>", "<h2>Environment</h2>",
        "<h2>Checkpoints</h2>", "<h2>Notes</h2>");
    assertThat(html).contains("<pre>steps: 100</pre>", "2.0 MB").containsSubsequence("step 100,", "text", "step 50,", "early");
    assertThat(folder).isDirectoryNotContaining("glob:**/.tmp-*");
  }

  @Test
  void chartsAreWellFormedAndShowTheirSeries() throws Exception {
    var svg = xml(new Curves(metrics("t")).loss().inline(600, 300));
    assertThat(svg.getElementsByTagName("polyline").getLength()).isEqualTo(3);
    String raw = svg.getElementsByTagName("polyline").item(0).getAttributes().getNamedItem("points").getNodeValue();
    assertThat(raw.strip().split(" ")).as("the step that is not a number is left out").hasSize(99);
    assertThat(raw).doesNotContain("NaN");
    assertThat(svg.getDocumentElement().getTextContent())
        .contains("Loss", "nats per token", "train", "smoothed", "validation", "step 100: 2");
  }

  @Test
  void curveIsAPictureOfItsOwn() throws Exception {
    String text = Files.readString(HtmlReport.curveSvg(folder, new ReportData(HOSTILE, metrics("t"), "", Map.of())));
    var root = xml(text).getDocumentElement();
    assertThat(root.getTagName()).isEqualTo("svg");
    assertThat(root.getAttribute("xmlns")).isEqualTo("http://www.w3.org/2000/svg");
    assertThat(root.getElementsByTagName("script").getLength()).isZero();
    assertThat(text).contains("prefers-color-scheme:dark");
  }

  @Test
  void runWithoutEventsStillHasAPage() throws Exception {
    String html = report(new ReportData("tiny", EMPTY, "", Map.of()));
    assertThat(html).contains("no data yet", "no end recorded").doesNotContain("NaN").doesNotContain("<h2>Samples");
  }

  @Test
  void killedRunIsReportedFromItsFile() throws Exception {
    Path file = folder.resolve("metrics.jsonl");
    try (var log = JsonlLog.open(file, 0)) {
      log.onStart(new RunStart("tiny", 100, 0, 5, 0, 0));
      log.onStep(step(1, 3));
    }
    String html = report(new ReportData("tiny", MetricsFile.read(file), "", Map.of()));
    assertThat(html).contains("no end recorded", "3.000").contains("circle class=\"line\"");
  }

  @Test
  void tablesOfALongRunShowTheNewest() throws Exception {
    var saves = IntStream.rangeClosed(1, 500).mapToObj(i -> new SaveEvent(i, Path.of("step-" + i), 1, 1)).toList();
    var notes = IntStream.rangeClosed(1, 500).mapToObj(i -> "note-" + i).toList();
    var evals = IntStream.rangeClosed(1, 500).mapToObj(i -> new EvalEvent(i, 1, 1, 1, List.of("sample-" + i))).toList();
    String html = report(new ReportData("long", new MetricsFile(List.of(), List.of(), evals, saves, notes, List.of()), "", Map.of()));
    assertThat(html).contains(">step-500<", "note-500", "sample-500", "460 earlier ones are in metrics.jsonl")
        .doesNotContain(">step-460<", "note-460<", "sample-460<");
  }

  @Test
  void noiseAroundALevelLooksLikeALevel() {
    var points = IntStream.range(0, 60).mapToObj(i -> new Series.Point(i, 1_000 + i % 2)).toList();
    var axes = Axes.of(List.of(new Series("memory", Series.Kind.RAW, points)), 0, 100, 0, 100);
    assertThat(Math.abs(axes.y(1_000) - axes.y(1_001))).isLessThan(2);            // of 100
  }
}
