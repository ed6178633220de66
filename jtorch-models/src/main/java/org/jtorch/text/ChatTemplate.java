package org.jtorch.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.hubspot.jinjava.interpret.TemplateError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// Turns a conversation into the text that a model was trained on, with the checkpoint's own Jinja template.
///
/// ```java
/// var template = ChatTemplate.load(folder);
/// String prompt = template.render(List.of(new Message("user", "Hello!")), true);
/// long[] ids = tokenizer.encode(prompt, false);          // the template writes BOS itself
/// ```
///
/// What messages contain is never run as a template. May be used from many threads.
public final class ChatTemplate {
  /// One turn. The usual roles are `system`, `user` and `assistant`.
  public record Message(String role, String content) {}

  private static final List<String> TOKENS = List.of("bos_token", "eos_token", "pad_token", "unk_token");

  private final @Nullable Jinja jinja;
  private final Map<String, String> tokens;
  private final String origin;

  private ChatTemplate(@Nullable String source, Map<String, String> tokens, String origin) {
    this.jinja = source == null ? null : new Jinja(source);
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
    var variables = new HashMap<String, Object>(tokens);
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
