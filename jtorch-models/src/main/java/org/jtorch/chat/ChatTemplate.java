package org.jtorch.chat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonValues;
import org.jtorch.jinja.RenderOptions;
import org.jtorch.jinja.Template;
import org.jtorch.jinja.TemplateException;
import org.jtorch.text.SpecialFreeTokenizer;
import org.jtorch.text.Tokenizer;

/// Turns a conversation into the text that a model was trained on, with the checkpoint's own Jinja template.
///
/// ```java
/// var template = ChatTemplate.load(folder);
/// long[] prompt = template.ids(tokenizer, List.of(new Message("user", "Hello!")), true);
/// EncodedChat chat = template.encode(tokenizer, turns, false);     // to learn from: chat.labels()
/// String text = template.render(Chat.of(turns).withTools(tools), true);
/// ```
///
/// What messages contain is never run as a template and, in [#ids] and [#encode], never becomes a special token: a user
/// who types `<|im_end|>` gets its characters. The same holds for added tokens that the tokenizer does not call special but the
/// template writes as marks of its own (a role's `<|user|>` with `"special": false`, SentencePiece's user-defined
/// `<start_of_turn>`): every added token of three characters or more, with a letter and a mark among them, that its source or its
/// variables hold literally. Only what the template itself looks for in messages, as Qwen's `'</think>' in content`, counts in
/// them as in the template. May be used from many threads.
public final class ChatTemplate {
  /// One turn, as transformers' dictionaries have it. The usual roles are `system`, `user`, `assistant` and `tool`.
  ///
  /// @param fields `role`, `content`, and whatever else the template reads: text, numbers, booleans, null, lists and maps of them
  public record Message(Map<String, Object> fields) {
    public Message {
      if (!(fields.get("role") instanceof String)) {
        throw new IllegalArgumentException("a message needs a `role`, such as user, but has " + fields.keySet());
      }
      fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    public Message(String role, String content) {
      this(fields(role, content));
    }

    public Message(String role, ContentPart... content) {
      this(fields(role, Arrays.stream(content).map(ContentPart::fields).toList()));
    }

    private static Map<String, Object> fields(String role, Object content) {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("role", role);
      fields.put("content", content);
      return fields;
    }

    /// @throws IllegalArgumentException if it is no object with a `role`
    public static Message of(JsonNode json) {
      if (!json.isObject()) {
        throw new IllegalArgumentException("a message must be an object with `role` and `content`, not " + json.getNodeType());
      }
      return new Message(JsonValues.map(json));
    }

    public String role() {
      return (String) Objects.requireNonNull(fields.get("role"), "checked when it was made");
    }

    /// What a person reads: the content, or of a list its parts of text together.
    public String text() {
      return switch (fields.get("content")) {
        case String text -> text;
        case List<?> parts -> String.join("", parts.stream()
            .map(part -> part instanceof Map<?, ?> map && map.get("text") instanceof String text ? text : "").toList());
        case null, default -> "";
      };
    }

    /// The same with another field, such as `name` or `tool_call_id`.
    public Message with(String field, Object value) {
      var more = new LinkedHashMap<>(fields);
      more.put(field, value);
      return new Message(more);
    }

    public Message withToolCalls(ToolCall... calls) {
      return with("tool_calls", Arrays.stream(calls).map(ToolCall::fields).toList());
    }

    /// What the assistant thought before it answered.
    public Message withReasoning(String reasoning) {
      return with("reasoning_content", reasoning);
    }
  }

  private final SequencedMap<String, String> sources;
  private final Map<String, Template> parsed = new ConcurrentHashMap<>();
  private final Map<String, String> tokens;
  private final String origin;
  private final RenderOptions options;

  private ChatTemplate(SequencedMap<String, String> sources, Map<String, String> tokens, String origin, RenderOptions options) {
    this.sources = sources;
    this.tokens = Map.copyOf(tokens);
    this.origin = origin;
    this.options = options;
  }

  private static ChatTemplate single(String source, Map<String, String> tokens, String origin) {
    var sources = new LinkedHashMap<String, String>();
    sources.put(TemplateFiles.DEFAULT, source);
    return new ChatTemplate(sources, tokens, origin, RenderOptions.DEFAULT);
  }

  /// The templates of a checkpoint: see [TemplateFiles]. Without any, conversations are joined plainly and [#note] says so.
  public static ChatTemplate load(Path folder) {
    return new ChatTemplate(TemplateFiles.read(folder), TemplateTokens.read(folder), "the chat template of " + folder,
        RenderOptions.DEFAULT);
  }

  /// A template file in place of the checkpoint's own, with the checkpoint's tokens as its variables.
  public static ChatTemplate load(Path folder, Path file) {
    return single(TemplateFiles.text(file), TemplateTokens.read(folder), file.toString());
  }

  /// One of the built-in formats, for a tokenizer whose checkpoint has no template.
  ///
  /// @throws IllegalArgumentException if the tokenizer lacks a special token of the format
  public static ChatTemplate of(ChatFormat format, Tokenizer tokenizer) {
    format.require(tokenizer);
    return single(format.jinja(), Map.of(), "the built-in format " + format.id());
  }

  /// A template given as text. `tokens` are the variables `bos_token`, `eos_token` and so on.
  public static ChatTemplate of(String jinja, Map<String, String> tokens) {
    return single(jinja, tokens, "the chat template");
  }

  /// The same with another clock behind `strftime_now`, which some templates write the date with.
  public ChatTemplate withClock(Clock clock) {
    return new ChatTemplate(sources, tokens, origin, options.withClock(clock));
  }

  /// The template of that name alone, such as `rag`.
  ///
  /// @throws IllegalArgumentException if the checkpoint has none of that name
  public ChatTemplate named(String name) {
    String source = sources.get(name);
    if (source == null) {
      throw new IllegalArgumentException(origin + ": none is called `" + name + "`; there are " + names());
    }
    return single(source, tokens, origin + " called " + name).withClock(options.clock());
  }

  /// The names of the checkpoint's templates; [#render] takes `tool_use` if there are tools, else `default`.
  public List<String> names() {
    return List.copyOf(sources.keySet());
  }

  /// Writes the templates into an existing folder, as transformers does: see [TemplateFiles#write].
  public void save(Path folder) {
    TemplateFiles.write(folder, sources);
  }

  /// What the user should know: that the checkpoint has no template.
  public Optional<String> note() {
    return !sources.isEmpty() ? Optional.empty()
        : Optional.of("the checkpoint has no chat template: messages are joined by line breaks, without roles");
  }

  /// @param addGenerationPrompt end with what an assistant's turn begins with
  /// @throws IllegalArgumentException if the template refuses the conversation, with its reason
  public String render(List<Message> messages, boolean addGenerationPrompt) {
    return render(Chat.of(messages), addGenerationPrompt);
  }

  /// @param addGenerationPrompt end with what an assistant's turn begins with
  /// @throws IllegalArgumentException if the template refuses the conversation, with its reason
  /// @throws DataException if the template is broken or does what this version does not know, naming the line
  public String render(Chat chat, boolean addGenerationPrompt) {
    return sources.isEmpty() ? plain(chat.messages(), addGenerationPrompt) : run(chat, addGenerationPrompt, options);
  }

  private String run(Chat chat, boolean addGenerationPrompt, RenderOptions with) {
    var variables = new HashMap<String, @Nullable Object>(tokens);
    variables.putAll(chat.variables());
    variables.put("messages", chat.messages().stream().map(Message::fields).toList());
    variables.put("tools", chat.tools());
    variables.put("documents", chat.documents());
    variables.put("add_generation_prompt", addGenerationPrompt);
    try {
      return template(chat).render(variables, with);
    } catch (TemplateException.Refusal e) {
      throw new IllegalArgumentException("the chat template refuses this conversation: " + e.getMessage(), e);
    } catch (TemplateException e) {
      throw new DataException(origin + ", " + e.getMessage(), e);
    }
  }

  private Template template(Chat chat) {
    String name = name(chat);
    Template known = parsed.get(name);
    return known != null ? known : parsed.computeIfAbsent(name, n -> Template.parse(source(chat)));
  }

  private String name(Chat chat) {
    return chat.tools() != null && sources.containsKey("tool_use") ? "tool_use" : TemplateFiles.DEFAULT;
  }

  private String source(Chat chat) {
    String source = sources.get(name(chat));
    if (source == null && !sources.isEmpty()) {
      throw new DataException(origin + ": there are " + names() + " but none is called default; choose one by its name");
    }
    return source == null ? "" : source;
  }

  /// The tokens of a conversation. Special ones come from the template only.
  ///
  /// @param addGenerationPrompt end with what an assistant's turn begins with
  /// @throws IllegalArgumentException if the template refuses the conversation, with its reason
  public long[] ids(Tokenizer tokenizer, List<Message> messages, boolean addGenerationPrompt) {
    return ids(tokenizer, Chat.of(messages), addGenerationPrompt);
  }

  /// The same for a chat with tools, documents or variables.
  public long[] ids(Tokenizer tokenizer, Chat chat, boolean addGenerationPrompt) {
    var free = free(tokenizer, chat);
    var marks = new ChatMarks(free.secretNames().keySet());
    String marked = render(marks.guarded(chat), addGenerationPrompt);
    return free.encode(MarkedText.read(marked, marks, free.secretNames(), Set.of()).hidden());
  }

  private SpecialFreeTokenizer free(Tokenizer tokenizer, Chat chat) {
    return tokenizer.specialFree(Markers.of(source(chat), tokens.values(), tokenizer.added()));
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
    return encode(tokenizer, Chat.of(messages), addGenerationPrompt);
  }

  /// The same for a chat with tools, documents or variables.
  public EncodedChat encode(Tokenizer tokenizer, Chat chat, boolean addGenerationPrompt) {
    var free = free(tokenizer, chat);
    var marks = new ChatMarks(free.secretNames().keySet());
    var specials = Set.copyOf(tokenizer.specialTokens());
    var guarded = marks.guarded(chat);
    boolean blocks = marksGeneration(chat);
    String marked = blocks ? run(guarded, addGenerationPrompt, options.withMarks(marks.begin(), marks.end()))
        : AssistantTurns.mark(this, guarded, addGenerationPrompt, marks, specials);
    var read = MarkedText.read(marked, marks, free.secretNames(), blocks ? Set.of() : specials);
    var tokens = free.encodeWithSpans(read.hidden());
    return new EncodedChat(read.text(), tokens.ids(), read.mask(tokens));
  }

  private boolean marksGeneration(Chat chat) {
    try {
      return !sources.isEmpty() && template(chat).marksGeneration();
    } catch (TemplateException e) {
      throw new DataException(origin + ", " + e.getMessage(), e);
    }
  }

  private String plain(List<Message> messages, boolean addGenerationPrompt) {
    var lines = new ArrayList<String>(messages.stream().map(Message::text).toList());
    return tokens.getOrDefault("bos_token", "") + String.join("\n", lines) + (addGenerationPrompt && !messages.isEmpty() ? "\n" : "");
  }
}
