package org.jtorch.recipes.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.jtorch.eval.task.Comparison;
import org.jtorch.io.DataException;
import org.jtorch.recipes.eval.EvalConsole;
import org.jtorch.recipes.eval.EvalFiles;
import org.jtorch.recipes.eval.EvalModel;
import org.jtorch.recipes.eval.EvalRun;
import org.jtorch.recipes.eval.EvalTable;
import org.jtorch.recipes.eval.TaskSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch eval`: what a model can do, alone or beside another. The table goes to stdout, progress to stderr.
@Command
final class EvalCommand implements Runnable {
  @Spec @Nullable CommandSpec spec;

  @Parameters(index = "0", paramLabel = "FOLDER", description = "The model: config.json, safetensors, tokenizer.json.")
  Path folder = Path.of("");

  @Parameters(index = "1..*", arity = "0..*", paramLabel = "TASK|TEXT",
      description = "A built-in task (hellaswag, mmlu, gsm8k, needle, ...), a task file (my-task.yaml), or a text (.txt, .jsonl, also .gz).")
  List<String> tasks = List.of();

  @Option(names = "--compare", paramLabel = "FOLDER", description = "A second model, asked the same, with a p-value for each figure.")
  @Nullable Path second;

  @Option(names = "--data", paramLabel = "FOLDER", defaultValue = "", description = "Where the data of tasks lie; this folder unless given.")
  Path data = Path.of("");

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N items of each task, or of each of its parts.")
  @Nullable Integer limit;

  @Option(names = "--out", paramLabel = "FOLDER",
      description = "Where results and every item's output go; evals/ and the model's name unless given.")
  @Nullable Path out;

  @Option(names = "--batch", paramLabel = "N", description = "Rows that run together; as many as are quick on the device unless given.")
  @Nullable Integer batch;

  @Option(names = "--no-bos", description = "Prompts without the tokenizer's own first token, as lm-evaluation-harness has it.")
  boolean noBos;

  @Option(names = "--device", paramLabel = "NAME", defaultValue = "best", description = "best, cpu or cuda")
  String device = "best";

  @Option(names = "--dtype", paramLabel = "NAME", defaultValue = "auto", description = "auto, bf16 or f32")
  String dtype = "auto";

  @Override public void run() {
    positive("--limit", limit, "100 is a quick look");
    positive("--batch", batch, "32 is usual");
    var place = new EvalModel.Place(device, dtype, batch == null ? 0 : batch, !noBos);
    var models = new ArrayList<Path>(List.of(folder));
    if (second != null) {
      models.add(second);
    }
    requireFolders(models);
    var sets = TaskSet.load(tasks, data, limit == null ? 0 : limit);
    var sides = models.stream().map(model -> ask(model, place, sets)).toList();
    var comparisons = second == null ? List.<Comparison>of() : compare(sides.getFirst(), sides.getLast());
    Path into = out != null ? out : Path.of("evals", called(folder));
    EvalFiles.write(into, sets, sides, comparisons);
    print(sides, comparisons, into);
  }

  private static void positive(String flag, @Nullable Integer value, String usual) {
    if (value != null && value < 1) {
      throw new IllegalArgumentException(flag + " must be >= 1 but was " + value + "; " + usual);
    }
  }

  /// Before the first of them is loaded.
  private static void requireFolders(List<Path> models) {
    String missing = models.stream().filter(m -> !Files.isDirectory(m)).map(Path::toString).collect(Collectors.joining(" and "));
    if (!missing.isEmpty()) {
      throw new DataException("model folder not found: " + missing + "; give a folder with config.json, model.safetensors and tokenizer.json");
    }
  }

  private EvalFiles.Side ask(Path model, EvalModel.Place place, List<TaskSet> sets) {
    var err = Objects.requireNonNull(spec, "picocli sets the spec").commandLine().getErr();
    var console = new EvalConsole(err, Input.isTerminal(System.in), System::nanoTime);
    try (var opened = EvalModel.open(model, place)) {
      return new EvalFiles.Side(model.toString(), opened.place(), EvalRun.run(sets, opened, console));
    } finally {
      console.end();
    }
  }

  private static List<Comparison> compare(EvalFiles.Side first, EvalFiles.Side second) {
    var comparisons = new ArrayList<Comparison>();
    for (int i = 0; i < first.results().size(); i++) {
      comparisons.add(Comparison.of(first.results().get(i), second.results().get(i)));
    }
    return comparisons;
  }

  private void print(List<EvalFiles.Side> sides, List<Comparison> comparisons, Path into) {
    var to = Output.of(spec);
    for (var side : sides) {
      to.println(side.model() + " (" + side.place() + ")");
      EvalTable.of(side.results()).forEach(to::println);
      to.println();
    }
    if (!comparisons.isEmpty()) {
      EvalTable.compared(comparisons).forEach(to::println);
      to.println();
    }
    to.println("results and every item: " + into);
    to.flush();
  }

  /// `quickstart-model` for `runs/quickstart/model`.
  private static String called(Path model) {
    Path full = model.toAbsolutePath().normalize();
    int n = full.getNameCount();
    return n == 0 ? "model" : full.subpath(Math.max(0, n - 2), n).toString().replaceAll("[/\\\\]", "-");
  }
}
