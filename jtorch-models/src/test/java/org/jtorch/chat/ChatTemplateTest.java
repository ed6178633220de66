package org.jtorch.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
  @ParameterizedTest
  @ValueSource(strings = {"chatml_plain", "chatml", "chatml_rich", "llama3", "gemma"})
  void rendersAsTheReference(String name) throws URISyntaxException {
    Path folder = Path.of(Objects.requireNonNull(ChatTemplateTest.class.getResource("/parity/templates/" + name)).toURI());
    var template = ChatTemplate.load(folder);
    var chats = JsonFile.open(folder.resolve("cases.json")).node().path("chats");
    assertThat(chats).isNotEmpty();
    for (JsonNode chat : chats) {
      var messages = new ArrayList<Message>();
      chat.path("messages").forEach(m -> messages.add(new Message(m.path("role").asText(), m.path("content").asText())));
      boolean prompt = chat.path("add_generation_prompt").asBoolean();
      if (chat.has("error")) {
        assertThatThrownBy(() -> template.render(messages, prompt)).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(chat.path("error").asText());
      } else {
        assertThat(template.render(messages, prompt)).as("%s", chat).isEqualTo(chat.path("rendered").asText());
      }
    }
  }

  @Test void messagesAreNeverRunAsTemplates() {
    var template = ChatTemplate.of("{{ messages[0].content }}|{{ messages[0]['content'] + bos_token }}", Map.of("bos_token", "<s>"));
    String hostile = "{{ 7 * 7 }} {% if true %}x{% endif %} {# gone #} <s> \\n 'q' \"q\"";
    assertThat(template.render(List.of(new Message("user", hostile)), false)).isEqualTo(hostile + "|" + hostile + "<s>");
  }

  @Test void aCheckpointWithoutTemplateIsJoinedPlainlyAndSaysSo(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": null}");
    var template = ChatTemplate.load(folder);
    assertThat(template.note()).hasValueSatisfying(n -> assertThat(n).contains("no chat template"));
    assertThat(template.render(List.of(new Message("system", "a"), new Message("user", "b")), true)).isEqualTo("<s>a\nb\n");
  }

  @Test void theFileComesBeforeTheConfigAndNamedTemplatesAreUnderstood(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"),
        "{\"eos_token\": \"</s>\", \"chat_template\": [{\"name\": \"tool_use\", \"template\": \"no\"},"
            + " {\"name\": \"default\", \"template\": \"yes{{eos_token}}\"}]}");
    assertThat(ChatTemplate.load(folder).render(List.of(), false)).isEqualTo("yes</s>");
    Files.writeString(folder.resolve("chat_template.jinja"), "file{{eos_token}}\n");
    var template = ChatTemplate.load(folder);
    assertThat(template.note()).isEmpty();
    assertThat(template.render(List.of(), false)).isEqualTo("file</s>");
  }

  @Test void theDateCanBeWritten() {
    assertThat(ChatTemplate.of("{{ strftime_now('%d %b %Y') }}", Map.of()).render(List.of(), false))
        .matches("\\d\\d [A-Z][a-z]{2} \\d{4}");
  }

  @Test void aBrokenTemplateNamesItsLine() {
    var template = ChatTemplate.of("ok\n{% if x %}", Map.of());
    assertThatThrownBy(() -> template.render(List.of(), false)).isInstanceOf(DataException.class).hasMessageContaining("line 2");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '~', quoteCharacter = '`', value = {
      "{{ m.split('') }} ~ empty separator",
      "{{ m.replace('a') }} ~ replace() misses its argument 'new'",
      "{{ m.startswith() }} ~ startswith() misses its argument 'prefix'",
      "{{ m.count() }} ~ count() misses its argument 'sub'"})
  void wrongCallsAreNamed(String expression, String says) {
    var template = ChatTemplate.of(expression.replace("m.", "messages[0].content."), Map.of());
    assertThatThrownBy(() -> template.render(List.of(new Message("user", "abc")), false)).isInstanceOf(DataException.class)
        .hasMessageContaining("line 1").hasMessageContaining(says.replace("'", "`"));
  }

  @Test void windowsLineEndsCountAsLineEnds() {
    assertThat(ChatTemplate.of("a\r\n{%- if true -%}\r\nb\r\n{% endif %}\r\nc\r\n", Map.of()).render(List.of(), false)).isEqualTo("ab\nc");
  }
}
