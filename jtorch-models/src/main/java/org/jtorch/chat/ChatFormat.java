package org.jtorch.chat;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jtorch.text.Tokenizer;

/// The built-in ways to write a conversation, for tokenizers that come without a chat template. Each marks what the
/// assistant writes, the end of its turn included, with `{% generation %}`.
public enum ChatFormat {
  /// `<|im_start|>role`, the content, `<|im_end|>`: Qwen and many others. No system message unless one is given.
  CHATML(List.of("<|im_start|>", "<|im_end|>"), "<|im_end|>", """
      {%- for message in messages -%}
          {{- '<|im_start|>' + message['role'] + '\\n' -}}
          {%- if message['role'] == 'assistant' -%}
              {%- generation -%}{{- message['content'] + '<|im_end|>' -}}{%- endgeneration -%}
          {%- else -%}
              {{- message['content'] + '<|im_end|>' -}}
          {%- endif -%}
          {{- '\\n' -}}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
      """),
  /// Llama 3: a header with the role, an empty line, the content without outer space, `<|eot_id|>`.
  LLAMA3(List.of("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"), "<|eot_id|>", """
      {{- '<|begin_of_text|>' -}}
      {%- for message in messages -%}
          {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' -}}
          {%- if message['role'] == 'assistant' -%}
              {%- generation -%}{{- message['content'] | trim + '<|eot_id|>' -}}{%- endgeneration -%}
          {%- else -%}
              {{- message['content'] | trim + '<|eot_id|>' -}}
          {%- endif -%}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}{%- endif -%}
      """),
  /// Gemma 1 and 2: roles `user` and `model` in turns, no system message.
  GEMMA(List.of("<bos>", "<start_of_turn>", "<end_of_turn>"), "<end_of_turn>", """
      {{- '<bos>' -}}
      {%- for message in messages -%}
          {%- if message['role'] == 'system' -%}{{- raise_exception('System role not supported') -}}{%- endif -%}
          {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
              {{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') -}}
          {%- endif -%}
          {%- if message['role'] == 'assistant' -%}
              {{- '<start_of_turn>model\\n' -}}
              {%- generation -%}{{- message['content'] | trim + '<end_of_turn>' -}}{%- endgeneration -%}
              {{- '\\n' -}}
          {%- else -%}
              {{- '<start_of_turn>user\\n' + message['content'] | trim + '<end_of_turn>\\n' -}}
          {%- endif -%}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' -}}{%- endif -%}
      """);

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> specialTokens;
  private final String endOfTurn;
  private final String jinja;

  ChatFormat(List<String> specialTokens, String endOfTurn, String jinja) {
    this.specialTokens = specialTokens;
    this.endOfTurn = endOfTurn;
    this.jinja = jinja;
  }

  /// The format called `chatml`, `llama3` or `gemma`; case and `-`, `_`, `.` do not matter.
  public static ChatFormat find(String name) {
    String wanted = plain(name);
    for (ChatFormat format : values()) {
      if (format.id().equals(wanted)) {
        return format;
      }
    }
    String near = Arrays.stream(values()).map(ChatFormat::id).filter(id -> shared(id, wanted) * 2 > id.length())
        .map(id -> "did you mean " + id + "? ").findFirst().orElse("");
    throw new IllegalArgumentException("no chat format is called `" + name + "`; " + near + "There are "
        + Arrays.stream(values()).map(ChatFormat::id).collect(Collectors.joining(", ")));
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[-_. ]", "");
  }

  /// Characters that two words share at their beginning or end.
  private static int shared(String a, String b) {
    int head = 0;
    int tail = 0;
    int most = Math.min(a.length(), b.length());
    while (head < most && a.charAt(head) == b.charAt(head)) {
      head++;
    }
    while (tail < most && a.charAt(a.length() - 1 - tail) == b.charAt(b.length() - 1 - tail)) {
      tail++;
    }
    return Math.max(head, tail);
  }

  /// The name that [#find] knows.
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The tokens that a tokenizer needs for this format.
  public List<String> specialTokens() {
    return specialTokens;
  }

  /// The tokens that end what the assistant says; generation is to stop there, whatever the checkpoint's own end is.
  ///
  /// @throws IllegalArgumentException if the tokenizer lacks a special token of the format
  public Set<Long> endTokens(Tokenizer tokenizer) {
    require(tokenizer);
    return Set.of((long) tokenizer.requireId(endOfTurn));
  }

  /// The template as a checkpoint's `chat_template` holds it.
  public String jinja() {
    return jinja;
  }

  void require(Tokenizer tokenizer) {
    for (String token : specialTokens) {
      Integer id = tokenizer.id(token);
      if (id == null || !tokenizer.isSpecial(id)) {
        throw new IllegalArgumentException("the chat format " + id() + " needs the special token `" + token + "`, which "
            + tokenizer.file() + " does not have; its special tokens are " + tokenizer.specialTokens());
      }
    }
  }
}
