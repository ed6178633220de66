package org.jtorch.recipes.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.generate.Options;
import org.jtorch.io.Utf8;
import org.jtorch.recipes.generate.Answer;
import org.jtorch.recipes.generate.LocalModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch generate`: continues one prompt as it is made, or several as one batch.
@Command
final class GenerateCommand implements Runnable {
  private final InputStream in;

  @Spec @Nullable CommandSpec spec;

  @Parameters(index = "0", paramLabel = "FOLDER", description = "The model: config.json, safetensors, tokenizer.json.")
  Path folder = Path.of("");

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "PROMPT", description = "Text to continue; - reads it from stdin.")
  List<String> prompts = List.of();

  @Mixin SamplingArgs args = new SamplingArgs();

  @Mixin ModelArgs with = new ModelArgs();

  @Option(names = "--json", description = "Print one JSON line for each prompt.")
  boolean json;

  /// @param in what the prompt `-` reads
  GenerateCommand(InputStream in) {
    this.in = in;
  }

  @Override public void run() {
    var sampling = args.sampling();
    var texts = texts();
    with.check();
    try (var model = LocalModel.open(folder, args.device, args.dtype, with.adapter)) {
      var ids = encode(texts, model);
      int longest = ids.stream().mapToInt(p -> p.length).max().orElse(0);
      var options = model.options(args.newTokens(model.maxPositions() - longest), sampling, args.seed);
      long started = System.nanoTime();
      var answers = write(model, texts, ids, options);
      report(answers, (System.nanoTime() - started) / 1e9, model);
    }
  }

  private List<String> texts() {
    if (prompts.stream().filter("-"::equals).count() > 1) {
      throw new IllegalArgumentException("only one prompt can be -, for stdin is read once");
    }
    var texts = new ArrayList<String>();
    for (int i = 0; i < prompts.size(); i++) {
      String text = prompts.get(i).equals("-") ? stdin() : prompts.get(i);
      if (text.isEmpty()) {
        throw new IllegalArgumentException((prompts.size() == 1 ? "the prompt" : "prompt " + (i + 1))
            + " is empty; give some text to continue, e.g. \"Once upon a time\"");
      }
      texts.add(text);
    }
    return texts;
  }

  /// All of stdin, without the line break that `echo` adds.
  private String stdin() {
    try {
      return Utf8.withoutMark(new String(in.readAllBytes(), Input.charset())).replaceFirst("\\r?\\n\\z", "");
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot read the prompt from stdin: " + e.getMessage(), e);
    }
  }

  /// With a chat template each prompt is what a user says, and the model is to answer.
  private List<long[]> encode(List<String> texts, LocalModel model) {
    var template = with.chatTemplate == null ? null : ChatTemplate.load(model.texts(), with.chatTemplate);
    var all = template == null ? model.tokenizer().encodeAll(texts, true)
        : texts.stream().map(text -> template.ids(model.tokenizer(), List.of(new Message("user", text)), true)).toList();
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).length == 0) {
        throw new IllegalArgumentException("prompt " + (i + 1) + " has no tokens for this model's tokenizer; give other text");
      }
    }
    return all;
  }

  private List<Answer> write(LocalModel model, List<String> texts, List<long[]> ids, Options options) {
    var out = Output.of(spec);
    if (texts.size() == 1 && !json) {
      var answer = model.answer(ids.getFirst(), options, piece -> {
        out.print(piece);
        out.flush();
      });
      out.println();
      return List.of(answer);
    }
    var answers = model.answers(ids, options);
    for (int i = 0; i < answers.size(); i++) {
      if (json) {
        out.println(line(texts.get(i), ids.get(i).length, answers.get(i)));
      } else {
        out.println((i == 0 ? "" : System.lineSeparator()) + "[" + (i + 1) + "] " + texts.get(i) + answers.get(i).text());
      }
    }
    out.flush();
    return answers;
  }

  private static String line(String prompt, int promptTokens, Answer answer) {
    return JsonNodeFactory.instance.objectNode().put("prompt", prompt).put("text", answer.text())
        .put("prompt_tokens", promptTokens).put("new_tokens", answer.tokens())
        .put("finish_reason", answer.stopped() ? "stop" : "length").toString();
  }

  private void report(List<Answer> answers, double seconds, LocalModel model) {
    PrintWriter err = Objects.requireNonNull(spec, "picocli sets the spec").commandLine().getErr();
    int tokens = answers.stream().mapToInt(Answer::tokens).sum();
    err.println(String.format(Locale.ROOT, "%d tokens in %.2f s: %.1f tokens/s (%s)", tokens, seconds,
        tokens / Math.max(seconds, 1e-9), model.place()));
    err.flush();
  }
}
