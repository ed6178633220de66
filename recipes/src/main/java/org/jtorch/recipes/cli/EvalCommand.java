package org.jtorch.recipes.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.recipes.eval.EvalConsole;
import org.jtorch.recipes.eval.EvalModel;
import org.jtorch.recipes.eval.Evaluation;
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
    var evaluation = ask(models, place, sets);
    Path into = out != null ? out : Path.of("evals", called(folder));
    evaluation.write(into);
    var to = Output.of(spec);
    evaluation.print(to);
    to.println("results and every item: " + into);
    to.flush();
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

  private Evaluation ask(List<Path> models, EvalModel.Place place, List<TaskSet> sets) {
    var err = Objects.requireNonNull(spec, "picocli sets the spec").commandLine().getErr();
    var console = new EvalConsole(err, Input.isTerminal(System.in), System::nanoTime);
    try {
      return Evaluation.run(sets, models, place, console);
    } finally {
      console.end();
    }
  }

  /// `quickstart-model` for `runs/quickstart/model`.
  private static String called(Path model) {
    Path full = model.toAbsolutePath().normalize();
    int n = full.getNameCount();
    return n == 0 ? "model" : full.subpath(Math.max(0, n - 2), n).toString().replaceAll("[/\\\\]", "-");
  }
}
