package org.jtorch.recipes.eval;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.eval.needle.Haystacks;
import org.jtorch.eval.needle.NeedleGrid;
import org.jtorch.eval.needle.NeedleText;
import org.jtorch.eval.task.ChoiceTask;
import org.jtorch.eval.task.CompletionTask;
import org.jtorch.eval.task.EvalTask;
import org.jtorch.eval.task.ItemTemplates;
import org.jtorch.eval.task.NeedleTask;
import org.jtorch.eval.task.RowTemplate;
import org.jtorch.eval.task.WritingTask;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// A task as its file says it. Templates are Jinja's, with the columns of a row as variables.
sealed interface TaskConfig permits TaskConfig.MultipleChoice, TaskConfig.FillIn, TaskConfig.Completion, TaskConfig.Generate,
    TaskConfig.Text, TaskConfig.Needle {
  /// The task, or its parts where its data have parts.
  List<EvalTask> tasks(String name, TaskFiles files);

  /// The answer that the model finds most probable behind the prompt.
  record MultipleChoice(TableConfig data, @Doc("what the model reads") String prompt,
      @Doc("writes a JSON list of the answers, as {{ choices | tojson }} does") String choices,
      @Doc("writes the number of the right answer, from 0") String gold,
      @Doc("between prompt and answer") @Default("\" \"") String delimiter, @Doc("before everything else") @Default("\"\"") String description,
      @Nullable ShotsConfig shots) implements TaskConfig {
    public MultipleChoice {
      check("prompt", prompt);
      check("choices", choices);
      check("gold", gold);
      check("description", description);
    }

    @Override public List<EvalTask> tasks(String name, TaskFiles files) {
      var templates = new ItemTemplates.Choices(data.template("prompt", prompt), data.template("choices", choices),
          new RowTemplate("gold", gold), delimiter);
      return files.parts(name, data, shots, description, templates, ChoiceTask::new);
    }
  }

  /// The prompt behind which the model finds the ending most probable: a blank filled in one way or another.
  record FillIn(TableConfig data, @Doc("writes a JSON list of the prompts") String prompts, @Doc("what comes behind all of them") String ending,
      @Doc("writes the number of the right prompt, from 0") String gold,
      @Doc("between prompt and ending") @Default("\" \"") String delimiter, @Doc("before everything else") @Default("\"\"") String description,
      @Nullable ShotsConfig shots) implements TaskConfig {
    public FillIn {
      check("prompts", prompts);
      check("ending", ending);
      check("gold", gold);
      check("description", description);
    }

    @Override public List<EvalTask> tasks(String name, TaskFiles files) {
      var templates = new ItemTemplates.Blanks(data.template("prompts", prompts), data.template("ending", ending),
          new RowTemplate("gold", gold), delimiter);
      return files.parts(name, data, shots, description, templates, ChoiceTask::new);
    }
  }

  /// A text that should come behind a prompt: whether it is what the model would write, and how probable it is.
  record Completion(TableConfig data, @Doc("what the model reads") String prompt, @Doc("what should come behind it") String answer,
      @Doc("between prompt and answer") @Default("\" \"") String delimiter, @Doc("before everything else") @Default("\"\"") String description,
      @Nullable ShotsConfig shots) implements TaskConfig {
    public Completion {
      check("prompt", prompt);
      check("answer", answer);
      check("description", description);
    }

    @Override public List<EvalTask> tasks(String name, TaskFiles files) {
      var templates = new ItemTemplates.Completion(data.template("prompt", prompt), data.template("answer", answer), delimiter);
      return files.parts(name, data, shots, description, templates, CompletionTask::new);
    }
  }

  /// The model writes an answer, which must be the right one.
  record Generate(TableConfig data, @Doc("what the model reads") String prompt, @Doc("writes the right answer") String gold,
      @Doc("writes the answer of an example with the way to it; gold unless given") @Nullable String solution,
      @Doc("between the prompt of an example and its solution") @Default("\" \"") String delimiter,
      @Doc("before everything else") @Default("\"\"") String description, @Nullable ShotsConfig shots,
      @Doc("texts that end an answer") @Default("[\"\\n\\n\"]") List<String> until, @Default("256") int maxNewTokens,
      @Doc("ways to find the answer in the text, by the name of their figure") @Default("{exact_match: {}}") Map<String, ExtractConfig> extract)
      implements TaskConfig {
    public Generate {
      check("prompt", prompt);
      check("gold", gold);
      check("description", description);
      if (solution != null) {
        check("solution", solution);
      }
      var _ = ExtractConfig.task("", List.of(), until, maxNewTokens, extract);
    }

    @Override public List<EvalTask> tasks(String name, TaskFiles files) {
      var templates = new ItemTemplates.Written(data.template("prompt", prompt), new RowTemplate("gold", gold),
          data.template("solution", solution == null ? gold : solution), delimiter);
      return files.parts(name, data, shots, description, templates, (part, items) -> written(part, items));
    }

    private WritingTask written(String part, List<WritingTask.Item> items) {
      return ExtractConfig.task(part, items, until, maxNewTokens, extract);
    }
  }

  /// What texts cost: bits per byte and perplexities.
  record Text(@Doc("a file, or several by a glob") String path, @Doc("of a file of JSON lines") @Default("text") String field,
      @Doc("tokens that go into the model at once; 0 for what it allows") @Default("0") int window,
      @Doc("tokens that a window repeats of the one before") @Default("1") int context) implements TaskConfig {
    public Text {
      var _ = new org.jtorch.eval.task.TextTask("", List.of(), window, context);
    }

    @Override public List<EvalTask> tasks(String name, TaskFiles files) {
      return List.of(files.text(name, path, field, window, context));
    }
  }

  /// A needle in a haystack.
  record Needle(@Doc("of the haystack; speeches of the European Parliament unless given") @Nullable String path,
      @Doc("tokens of prompt and answer; a quarter, a half and all of what the model allows, up to 4096, unless given")
      @Default("[]") List<Integer> lengths,
      @Doc("where the needle lies, in percent") @Default("[0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]") List<Integer> depths,
      @Doc("of each length and depth") @Default("2") int instances, @Default("1") long seed,
      @Doc("written: the model writes the answer; likeliest: it finds it the most probable one") @Default("written") Haystacks.How how,
      @Doc("holds {answer}") @Default("\"" + NeedleText.NEEDLE + "\"") String needle,
      @Doc("what the prompt ends with") @Default("\"" + NeedleText.QUESTION + "\"") String question,
      @Default("[river, stone, garden, window, horse, silver, bread, music, winter, paper]") List<String> answers) implements TaskConfig {
    public Needle {
      var _ = new NeedleGrid(lengths.isEmpty() ? List.of(1) : lengths, depths, instances, seed);
    }

    @Override public List<EvalTask> tasks(String name, TaskFiles files) {
      return List.of(new NeedleTask(name, lengths, depths, instances, seed, how, files.haystack(path), needle, question, answers));
    }
  }

  /// Refuses what is no template.
  private static void check(String key, String template) {
    var _ = new RowTemplate(key, template);
  }
}
