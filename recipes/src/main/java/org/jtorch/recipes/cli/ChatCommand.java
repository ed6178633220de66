package org.jtorch.recipes.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.ChatFormat;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.generate.Options;
import org.jtorch.io.Utf8;
import org.jtorch.recipes.generate.Conversation;
import org.jtorch.recipes.generate.LocalModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch chat`: a conversation, one line a message. Answers go to stdout, notes to stderr.
@Command
final class ChatCommand implements Runnable {
  private final InputStream in;

  @Spec @Nullable CommandSpec spec;

  @Parameters(index = "0", paramLabel = "FOLDER", description = "The model: config.json, safetensors, tokenizer.json; or the folder of a run or an adapter.")
  Path folder = Path.of("");

  @Mixin SamplingArgs args = new SamplingArgs();

  @Mixin ModelArgs with = new ModelArgs();

  @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told first.")
  @Nullable String system;

  @Option(names = "--chat-format", paramLabel = "NAME",
      description = "How turns are written, instead of the folder's own template: chatml, llama3 or gemma.")
  @Nullable String chatFormat;

  /// @param in the messages of the user
  ChatCommand(InputStream in) {
    this.in = in;
  }

  @Override public void run() {
    var sampling = args.sampling();
    if (chatFormat != null && with.chatTemplate != null) {
      throw new IllegalArgumentException("--chat-format and --chat-template contradict each other; give one of them");
    }
    with.check();
    try (var model = LocalModel.open(folder, args.device, args.dtype, with.adapter)) {
      int newTokens = args.newTokens(model.maxPositions() / 2);
      if (newTokens >= model.maxPositions()) {
        throw new IllegalArgumentException("--max-new-tokens " + newTokens + " leaves no room for messages: the model allows "
            + model.maxPositions() + " tokens in all; use for example " + Math.max(1, model.maxPositions() / 2));
      }
      var format = chatFormat == null ? null : ChatFormat.find(chatFormat);
      var template = format != null ? ChatTemplate.of(format, model.tokenizer())
          : with.chatTemplate != null ? ChatTemplate.load(model.texts(), with.chatTemplate) : ChatTemplate.load(model.texts());
      var stop = new TreeSet<>(model.stopTokens());
      if (format != null) {
        stop.addAll(format.endTokens(model.tokenizer()));
      }
      template.note().ifPresent(this::note);
      var conversation = new Conversation(template, model.tokenizer(), system);
      var lines = new BufferedReader(new InputStreamReader(in, Input.charset()));
      if (!Input.isTerminal(in)) {
        Utf8.skipMark(lines);
      }
      loop(lines, conversation, model,
          model.options(newTokens, sampling, args.seed).withStopTokens(stop));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void loop(BufferedReader lines, Conversation conversation, LocalModel model, Options options)
      throws IOException {
    boolean typed = Input.isTerminal(in);
    if (typed) {
      note("/new starts again, /bye ends");
    }
    long seed = options.seed();
    for (String line = read(lines, typed); line != null && !line.strip().equals("/bye"); line = read(lines, typed)) {
      String text = line.strip();
      if (text.equals("/new")) {
        conversation.clear();
        note("new conversation");
      } else if (text.matches("/[a-z]+")) {
        note("there is no " + text + "; /new starts again, /bye ends");
      } else if (!text.isEmpty()) {
        turn(text, conversation, model, options.withSeed(seed++));
      }
    }
  }

  private @Nullable String read(BufferedReader lines, boolean typed) throws IOException {
    if (typed) {
      out().print("> ");
      out().flush();
    }
    return lines.readLine();
  }

  private void turn(String text, Conversation conversation, LocalModel model, Options options) {
    Conversation.Prompt prompt;
    try {
      prompt = conversation.ask(text, model.maxPositions() - options.maxNewTokens());
    } catch (IllegalArgumentException e) {
      note(String.valueOf(e.getMessage()));
      return;
    }
    if (prompt.dropped() > 0) {
      note("the conversation no longer fits into the model's " + model.maxPositions() + " tokens: the oldest "
          + (prompt.dropped() == 1 ? "turn is" : prompt.dropped() + " turns are") + " forgotten");
    }
    var out = out();
    var answer = model.reply(prompt.ids(), options, piece -> {
      out.print(piece);
      out.flush();
    });
    out.println();
    out.flush();
    if (!answer.stopped()) {
      note("cut off after " + options.maxNewTokens() + " tokens; --max-new-tokens allows more");
    }
    conversation.answered(answer.text());
  }

  private PrintWriter out() {
    return Output.of(spec);
  }

  private void note(String text) {
    var err = Objects.requireNonNull(spec, "picocli sets the spec").commandLine().getErr();
    err.println("note: " + text);
    err.flush();
  }
}
