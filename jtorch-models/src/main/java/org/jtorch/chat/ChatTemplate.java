package org.jtorch.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.hubspot.jinjava.interpret.TemplateError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.text.SpecialFreeTokenizer;
import org.jtorch.text.Tokenizer;

/// Turns a conversation into the text that a model was trained on, with the checkpoint's own Jinja template.
///
/// ```java
/// var template = ChatTemplate.load(folder);
/// long[] prompt = template.ids(tokenizer, List.of(new Message("user", "Hello!")), true);
/// EncodedChat chat = template.encode(tokenizer, turns, false);     // to learn from: chat.labels()
/// ```
///
/// What messages contain is never run as a template and, in [#ids] and [#encode], never becomes a special token: a user
/// who types `<|im_end|>` gets its characters. The same holds for added tokens that the tokenizer does not call special but the
/// template writes as marks of its own (a role's `<|user|>` with `"special": false`, SentencePiece's user-defined
/// `<start_of_turn>`): every added token of three characters or more, with a letter and a mark among them, that its source or its
/// variables hold literally. Only what the template itself looks for in messages, as Qwen's `'</think>' in content`, counts in
/// them as in the template. May be used from many threads.
public final class ChatTemplate {
  /// One turn. The usual roles are `system`, `user` and `assistant`.
  public record Message(String role, String content) {}

  private static final List<String> TOKENS = List.of("bos_token", "eos_token", "pad_token", "unk_token");

  private final @Nullable Jinja jinja;
  private final String source;
  private final Map<String, String> tokens;
  private final String origin;

  private ChatTemplate(@Nullable String source, Map<String, String> tokens, String origin) {
    this.jinja = source == null ? null : new Jinja(source);
    this.source = source == null ? "" : source;
    this.tokens = Map.copyOf(tokens);
    this.origin = origin;
  }

  /// The template of a checkpoint: `chat_template.jinja`, else `chat_template` in `tokenizer_config.json`. Without
  /// either, conversations are joined plainly and [#note] says so.
  public static ChatTemplate load(Path folder) {
    Path file = folder.resolve("chat_template.jinja");
    Path config = folder.resolve("tokenizer_config.json");
    if (!Files.isRegularFile(config)) {
      return new ChatTemplate(Files.isRegularFile(file) ? read(file) : null, Map.of(), file.toString());
    }
    JsonNode node = JsonFile.open(config).node();
    return Files.isRegularFile(file) ? new ChatTemplate(read(file), tokens(node), file.toString())
        : new ChatTemplate(template(node.path("chat_template"), config), tokens(node), config + ": chat_template");
  }

  /// One of the built-in formats, for a tokenizer whose checkpoint has no template.
  ///
  /// @throws IllegalArgumentException if the tokenizer lacks a special token of the format
  public static ChatTemplate of(ChatFormat format, Tokenizer tokenizer) {
    format.require(tokenizer);
    return new ChatTemplate(format.jinja(), Map.of(), "the built-in format " + format.id());
  }

  /// A template given as text. `tokens` are the variables `bos_token`, `eos_token` and so on.
  public static ChatTemplate of(String jinja, Map<String, String> tokens) {
    return new ChatTemplate(jinja, tokens, "the chat template");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new DataException(file + " is not readable as UTF-8 text: " + e, e);
    }
  }

  /// A string, or a list of named templates, of which `default` counts.
  private static @Nullable String template(JsonNode node, Path file) {
    if (node.isArray()) {
      for (JsonNode named : node) {
        if (named.path("name").asText().equals("default")) {
          return named.path("template").asText();
        }
      }
      throw new DataException(file + ": `chat_template` lists several templates but none is named `default`");
    }
    return node.isTextual() ? node.asText() : null;
  }

  private static Map<String, String> tokens(JsonNode config) {
    var found = new HashMap<String, String>();
    for (String key : TOKENS) {
      JsonNode node = config.path(key);
      JsonNode text = node.isObject() ? node.path("content") : node;
      if (text.isTextual()) {
        found.put(key, text.asText());
      }
    }
    return found;
  }

  /// What the user should know: that the checkpoint has no template.
  public Optional<String> note() {
    return jinja != null ? Optional.empty()
        : Optional.of("the checkpoint has no chat template: messages are joined by line breaks, without roles");
  }

  /// @param addGenerationPrompt end with what an assistant's turn begins with
  /// @throws IllegalArgumentException if the template refuses the conversation, with its reason
  public String render(List<Message> messages, boolean addGenerationPrompt) {
    if (jinja == null) {
      return plain(messages, addGenerationPrompt);
    }
    return run(jinja, messages, addGenerationPrompt, Map.of());
  }

  private String run(Jinja jinja, List<Message> messages, boolean addGenerationPrompt, Map<String, String> marks) {
    var variables = new HashMap<String, Object>(tokens);
    variables.putAll(marks);
    variables.put("messages", messages.stream().map(m -> Map.of("role", m.role(), "content", m.content())).toList());
    variables.put("add_generation_prompt", addGenerationPrompt);
    var result = jinja.render(variables);
    for (TemplateError error : result.getErrors()) {
      if (error.getSeverity() == TemplateError.ErrorType.FATAL) {
        throw failure(error);
      }
    }
    return result.getOutput();
  }

  /// The tokens of a conversation. Special ones come from the template only.
  ///
  /// @param addGenerationPrompt end with what an assistant's turn begins with
  /// @throws IllegalArgumentException if the template refuses the conversation, with its reason
  public long[] ids(Tokenizer tokenizer, List<Message> messages, boolean addGenerationPrompt) {
    var free = free(tokenizer);
    var marks = new ChatMarks(free.secretNames().keySet());
    String marked = render(messages.stream().map(marks::guarded).toList(), addGenerationPrompt);
    return free.encode(MarkedText.read(marked, marks, free.secretNames(), Set.of()).hidden());
  }

  private SpecialFreeTokenizer free(Tokenizer tokenizer) {
    return tokenizer.specialFree(Markers.of(source, tokens.values(), tokenizer.added()));
  }

  /// The tokens of a conversation and which of them the assistant wrote.
  ///
  /// The template's own `{% generation %}` blocks say so; a token that reaches over the border of a block counts. A
  /// template without them is rendered up to each of the assistant's turns, once with a generation prompt and once with
  /// the turn: the turn is what the second text has beyond the first, up to its last special token (`<|im_end|>`) if it
  /// has one, because what follows is written after the model has stopped. A turn that is written otherwise once others
  /// follow must have exactly one special token, which then ends it.
  ///
  /// @throws IllegalArgumentException if the template refuses the conversation, or has no blocks and changes what it
  ///     wrote before when a turn is added
  public EncodedChat encode(Tokenizer tokenizer, List<Message> messages, boolean addGenerationPrompt) {
    var free = free(tokenizer);
    var marks = new ChatMarks(free.secretNames().keySet());
    var specials = Set.copyOf(tokenizer.specialTokens());
    var guarded = messages.stream().map(marks::guarded).toList();
    Jinja blocks = jinja != null && jinja.marksGeneration() ? jinja : null;
    String marked = blocks == null ? AssistantTurns.mark(this, guarded, addGenerationPrompt, marks, specials)
        : run(blocks, guarded, addGenerationPrompt,
            Map.of(Jinja.GENERATION_BEGINS, marks.begin(), Jinja.GENERATION_ENDS, marks.end()));
    var read = MarkedText.read(marked, marks, free.secretNames(), blocks == null ? specials : Set.of());
    var tokens = free.encodeWithSpans(read.hidden());
    return new EncodedChat(read.text(), tokens.ids(), read.mask(tokens));
  }

  private RuntimeException failure(TemplateError error) {
    for (Throwable t = error.getException(); t != null; t = t.getCause()) {
      if (t instanceof Jinja.Raised) {
        return new IllegalArgumentException("the chat template refuses this conversation: " + t.getMessage());
      }
    }
    return new DataException(origin + ", line " + error.getLineno() + ": " + error.getMessage());
  }

  private String plain(List<Message> messages, boolean addGenerationPrompt) {
    var text = new StringBuilder(tokens.getOrDefault("bos_token", ""));
    for (int i = 0; i < messages.size(); i++) {
      text.append(i == 0 ? "" : "\n").append(messages.get(i).content());
    }
    return text.append(addGenerationPrompt && !messages.isEmpty() ? "\n" : "").toString();
  }
}
