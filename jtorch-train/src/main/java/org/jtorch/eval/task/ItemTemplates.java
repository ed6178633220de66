package org.jtorch.eval.task;

import java.util.List;
import org.jtorch.data.TableRow;
import org.jtorch.eval.Prompted;

/// Makes items of rows.
///
/// @param <I> the kind of item
public sealed interface ItemTemplates<I> {
  /// @param before what stands before every prompt: a description, solved examples
  I item(TableRow row, String before);

  /// A row with its answer: an example.
  String example(TableRow row);

  /// One prompt and several answers to it.
  ///
  /// @param choices writes a JSON list of texts
  /// @param gold writes the number of the right one
  /// @param delimiter between prompt and answer
  record Choices(RowTemplate prompt, RowTemplate choices, RowTemplate gold, String delimiter) implements ItemTemplates<ChoiceTask.Item> {
    @Override public ChoiceTask.Item item(TableRow row, String before) {
      String asked = before + prompt.text(row);
      var answers = choices.texts(row);
      return new ChoiceTask.Item(row.place(), answers.stream().map(a -> new Prompted(asked, delimiter + a)).toList(), answers,
          gold.index(row, answers.size()));
    }

    @Override public String example(TableRow row) {
      var answers = choices.texts(row);
      return prompt.text(row) + delimiter + answers.get(gold.index(row, answers.size()));
    }
  }

  /// Several prompts, of which the right one makes the ending most probable: a blank filled in one way or the other.
  ///
  /// @param prompts writes a JSON list of texts
  /// @param gold writes the number of the right one
  record Blanks(RowTemplate prompts, RowTemplate ending, RowTemplate gold, String delimiter) implements ItemTemplates<ChoiceTask.Item> {
    @Override public ChoiceTask.Item item(TableRow row, String before) {
      String end = ending.text(row);
      var choices = prompts.texts(row).stream().map(p -> new Prompted(before + p, delimiter + end)).toList();
      return new ChoiceTask.Item(row.place(), choices, choices.stream().map(_ -> end).toList(), gold.index(row, choices.size()));
    }

    @Override public String example(TableRow row) {
      var all = prompts.texts(row);
      return all.get(gold.index(row, all.size())) + delimiter + ending.text(row);
    }
  }

  /// A prompt and the text that should come behind it.
  record Completion(RowTemplate prompt, RowTemplate answer, String delimiter) implements ItemTemplates<CompletionTask.Item> {
    @Override public CompletionTask.Item item(TableRow row, String before) {
      return new CompletionTask.Item(row.place(), new Prompted(before + prompt.text(row), delimiter + answer.text(row)));
    }

    @Override public String example(TableRow row) {
      return prompt.text(row) + delimiter + answer.text(row);
    }
  }

  /// A prompt whose answer is written, and the right answer.
  ///
  /// @param solved writes the answer of an example, which may show how it is found
  record Written(RowTemplate prompt, RowTemplate gold, RowTemplate solved, String delimiter) implements ItemTemplates<WritingTask.Item> {
    @Override public WritingTask.Item item(TableRow row, String before) {
      return new WritingTask.Item(row.place(), before + prompt.text(row), List.of(gold.text(row)));
    }

    @Override public String example(TableRow row) {
      return prompt.text(row) + delimiter + solved.text(row);
    }
  }
}
