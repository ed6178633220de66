package org.jtorch.recipes.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.DataException;
import org.jtorch.recipes.align.ScoredFile;
import org.jtorch.recipes.report.DotChart;
import org.jtorch.recipes.report.ResultsPage;
import org.jtorch.tensor.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch score`: what a reward model says of the answers of a file, how often it ranks pairs right, and whether it is as sure as it may be.
@Command
final class ScoreCommand implements Runnable {
  private static final int WIDTH = 640;
  @Spec @Nullable CommandSpec spec;

  @Parameters(index = "0", paramLabel = "MODEL", description = "The reward model: what a stage of type reward leaves.")
  Path model = Path.of("");

  @Parameters(index = "1", paramLabel = "FILE",
      description = "Conversations, comparisons or judged answers: a file, a folder or a glob of JSON Lines, JSON lists or Parquet.")
  Path file = Path.of("");

  @Option(names = "--out", paramLabel = "FOLDER", defaultValue = "scores",
      description = "Where scores.jsonl, report.html and calibration.svg go. Default: ${DEFAULT-VALUE}.")
  Path out = Path.of("scores");

  @Option(names = "--chat-template", paramLabel = "NAME", description = "How turns are written: chatml, llama3, gemma or a file. Default: as the model's folder says.")
  @Nullable String template;

  @Option(names = "--max-tokens", paramLabel = "N",
      description = "Tokens of a prompt with its answer; longer ones lose their oldest turns. Default: ${DEFAULT-VALUE}.")
  int maxTokens = 2048;

  @Option(names = "--batch", paramLabel = "N", description = "Answers that are scored together. Default: ${DEFAULT-VALUE}.")
  int batch = 16;

  @Option(names = "--device", paramLabel = "NAME", description = "best, cpu, cuda or cuda:N. Default: ${DEFAULT-VALUE}.")
  String device = "best";

  @Override public void run() {
    if (!Files.isDirectory(model)) {
      throw new DataException("model folder not found: " + model + "; give a folder that a stage of type reward left");
    }
    if (batch < 1 || maxTokens < 8) {
      throw new IllegalArgumentException("--batch (" + batch + ") must be >= 1 and --max-tokens (" + maxTokens + ") >= 8; 16 and 2048 are usual");
    }
    var scored = ScoredFile.of(model, file, new ScoredFile.Settings(template, maxTokens, batch, Device.parse(device)));
    var print = Output.of(spec);
    scored.found().forEach(print::println);
    if (scored.pairs() > 0) {
      table(print, scored.accuracyTable());
      table(print, scored.calibrationTable());
      print.println(String.format(Locale.ROOT, "%d pairs, expected calibration error %.3f", scored.pairs(), scored.calibration().error()));
    }
    if (!Double.isNaN(scored.judged())) {
      print.println(String.format(Locale.ROOT, "good answers score above bad ones in %.1f %% of their pairs", 100 * scored.judged()));
    }
    write(scored);
    print.println("wrote " + out.resolve("scores.jsonl") + " and " + out.resolve("report.html"));
    print.flush();
  }

  private static void table(PrintWriter print, List<List<String>> rows) {
    for (var row : rows) {
      print.println(row.stream().map(cell -> String.format(Locale.ROOT, "%-20s", cell)).collect(Collectors.joining(" ")).stripTrailing());
    }
  }

  private void write(ScoredFile scored) {
    try {
      Files.createDirectories(out);
    } catch (IOException e) {
      throw DataException.cannotWrite(out, e);
    }
    AtomicFile.write(out.resolve("scores.jsonl"), scored.rows().stream().map(ObjectNode::toString).collect(Collectors.joining("\n", "", "\n")));
    var page = new ResultsPage();
    if (scored.pairs() > 0) {
      var chart = new DotChart("How often it is right where it says so", "share of pairs ranked right; the line is what it says",
          scored.calibration().bins().stream().map(b -> new DotChart.Row(String.format(Locale.ROOT, "%.0f to %.0f %%", 100 * b.low(), 100 * b.high()),
              new double[] {b.right()}, b.said(), Double.NaN)).toList());
      AtomicFile.write(out.resolve("calibration.svg"), chart.standalone(WIDTH));
      page.table("Accuracy by level", scored.accuracyTable()).chart(chart).table("Calibration", scored.calibrationTable());
    }
    var _ = ResultsPage.write(out, "Scores of " + file.getFileName(), page.part(), "jtorch score " + model + " " + file);
  }
}
