package org.jtorch.recipes.cli;

import java.util.List;
import java.util.function.Supplier;
import org.jtorch.recipes.Recipes;

/// Every command there is: the only list. A command's class is not loaded before [#create].
final class Commands {
  /// A command's name and what it is for, as `jtorch --help` shows them.
  record Entry(String name, String purpose) {}

  static final List<Entry> ALL = List.of(
      new Entry("run", "Run a recipe, or go on with the run in its folder."),
      new Entry("plan", "Print what a run would do: parameters, memory, tokens, schedule, time."),
      new Entry("report", "Write the report of a run, also of one that was killed or goes on."),
      new Entry("data", "Prepare text for training."),
      new Entry("distill", "Run a teacher once over a recipe's rows, for students to learn from."),
      new Entry("bench", "Measure training or generation speed; one JSON line."),
      new Entry("generate", "Continue prompts with a model."),
      new Entry("chat", "Talk with a model, one line a message."),
      new Entry("eval", "Ask a model tasks and texts: accuracies, perplexities, and how sure they are."),
      new Entry("score", "Score the answers of a file with a reward model: accuracy by level, calibration."),
      new Entry("convert", "Write a model for llama.cpp (GGUF), or in another type or smaller files."),
      new Entry("merge", "Make one model of several of the same shape: mean, SLERP, task arithmetic, TIES, DARE."),
      new Entry("doctor", "Show what this machine has, what is missing or slow, and what to do about it."),
      new Entry("parity", "Compare this version with stored results of other implementations."),
      new Entry("claims", "List, run and write down the claims of the papers that are tried in miniature."),
      new Entry("ls", "List the built-in recipes."),
      new Entry("cat", "Print a recipe: as written, with every value resolved, or its schema."),
      new Entry("cp", "Copy a recipe to a file of your own."),
      new Entry("validate", "Check a recipe without starting anything."),
      new Entry("help", "Show the help of a command."));

  private Commands() {}

  static Object create(String name, Supplier<Recipes> recipes) {
    return switch (name) {
      case "run" -> new RunCommand(recipes.get());
      case "plan" -> new PlanCommand(recipes.get());
      case "report" -> new ReportCommand(recipes.get());
      case "data" -> new DataCommand(recipes.get());
      case "distill" -> new DistillCommand(recipes.get());
      case "parity" -> new ParityCommand();
      case "bench" -> new BenchCommand();
      case "generate" -> new GenerateCommand(System.in);
      case "chat" -> new ChatCommand(System.in);
      case "eval" -> new EvalCommand();
      case "score" -> new ScoreCommand();
      case "convert" -> new ConvertCommand();
      case "merge" -> new MergeCommand();
      case "doctor" -> new DoctorCommand();
      case "claims" -> new ClaimsCommand(recipes.get());
      case "ls" -> new LsCommand(recipes.get());
      case "cat" -> new CatCommand(recipes.get());
      case "cp" -> new CpCommand(recipes.get());
      case "validate" -> new ValidateCommand(recipes.get());
      case "help" -> new HelpCommand(recipes);
      default -> throw new IllegalStateException("command " + name + " is listed, but nothing creates it");
    };
  }
}
