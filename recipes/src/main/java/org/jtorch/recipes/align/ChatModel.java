package org.jtorch.recipes.align;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.TrainedTurns;
import org.jtorch.chat.ChatFormat;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.chat.TemplateFiles;
import org.jtorch.corpus.TokenizerFiles;
import org.jtorch.decoder.CausalLm;
import org.jtorch.family.TokenIds;
import org.jtorch.generate.Generator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.recipes.generate.StopTokens;
import org.jtorch.recipes.run.Eval;
import org.jtorch.text.Tokenizer;

/// Tokenizer, chat template and stop tokens of a run on chats.
///
/// @param stops where an answer ends
record ChatModel(Tokenizer tokenizer, ChatTemplate template, List<Long> stops) implements AutoCloseable {
  private static final String GENERATION = "generation_config.json";

  /// @param folder of the model
  /// @param template a built-in format, a file, or null for the folder's own
  /// @throws IllegalArgumentException if the tokenizer lacks a token of the format, or the folder has no template
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  static ChatModel open(Path folder, @Nullable String template) {
    var tokenizer = Tokenizer.load(folder);
    try {
      var stops = new LinkedHashSet<Long>();
      ChatTemplate used = used(folder, template, tokenizer, stops);
      stops.addAll(StopTokens.of(folder, tokenizer));
      if (stops.isEmpty()) {
        throw new DataException(folder + " does not say which token ends a text; put `eos_token_id` into its " + GENERATION);
      }
      return new ChatModel(tokenizer, used, List.copyOf(stops));
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  private static ChatTemplate used(Path folder, @Nullable String template, Tokenizer tokenizer, Set<Long> stops) {
    if (template == null) {
      var own = ChatTemplate.load(folder);
      if (own.names().isEmpty()) {
        throw new IllegalArgumentException(folder + " has no chat template; say how turns are written, e.g. template: chatml");
      }
      return own;
    }
    if (isFormat(template)) {
      var format = ChatFormat.find(template);
      stops.addAll(format.endTokens(tokenizer));
      return ChatTemplate.of(format, tokenizer);
    }
    return ChatTemplate.load(folder, Path.of(template));
  }

  static boolean isFormat(String template) {
    return Arrays.stream(ChatFormat.values()).anyMatch(f -> f.id().equals(template));
  }

  /// Writes what goes along with every model of the run, unless it is there: tokenizer, template, stop tokens.
  static void write(Path from, @Nullable String template, Path home) {
    if (Files.exists(home)) {
      return;
    }
    AtomicFolder.publish(home, into -> {
      TokenizerFiles.copy(from, into);
      try (var model = open(from, template)) {
        if (template != null) {
          model.template.save(into);
        }
        var settings = TokenIds.generation(from);
        if (model.stops.size() == 1) {
          settings.put(TokenIds.EOS, model.stops.getFirst());
        } else {
          var ends = settings.putArray(TokenIds.EOS);
          model.stops.forEach(ends::add);
        }
        JsonFile.write(into.resolve(GENERATION), settings);
      }
    });
  }

  /// Copies what [#write] made into the folder of a model or an adapter.
  static void copy(Path home, Path into) {
    TokenizerFiles.copy(home, into);
    TemplateFiles.copyOthers(home, into);
    AtomicFile.copy(home.resolve(GENERATION), into.resolve(GENERATION));
  }

  ChatEncoder encoder(ChatsConfig chats, TrainedTurns turns) {
    return new ChatEncoder(tokenizer, template, stops, chats.maxTokens(), chats.tooLong(), turns);
  }

  /// What a model answers to a recipe's prompts, each a user's first message.
  List<String> answers(CausalLm model, Eval eval, long seed) {
    var texts = new ArrayList<String>();
    for (String text : eval.prompts()) {
      long[] prompt = template.ids(tokenizer, List.of(new Message("user", text)), true);
      int room = Math.min(eval.newTokens(), model.maxPositions() - prompt.length);
      var options = new Options(room, Sampling.temperature(eval.temperature()).withTopK(50), Set.copyOf(stops), seed, stops.getFirst());
      texts.add('"' + text + "\" " + tokenizer.decode(new Generator(model).generate(List.of(prompt), options).getFirst(), true).strip());
    }
    return texts;
  }

  @Override public void close() {
    tokenizer.close();
  }
}
