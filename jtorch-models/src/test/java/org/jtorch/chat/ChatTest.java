package org.jtorch.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.io.DataException;
import org.junit.jupiter.api.Test;

/// What a template is given beside roles and texts.
class ChatTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String TOOLS = """
      {% if tools %}TOOLS {{ tools | tojson }}
      {% endif %}{% for d in documents or [] %}DOC {{ d.title }}: {{ d.text }}
      {% endfor %}{% for m in messages %}{{ m.role }}:{% if m.reasoning_content %}({{ m.reasoning_content }}){% endif %}
      {%- for c in m.tool_calls or [] %}[{{ c.id }} {{ c.function.name }} {{ c.function.arguments | tojson }}]{% endfor %}
      {%- if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}{{ p.text if p.type == 'text' else '<' ~ p.type ~ '>' }}{% endfor %}
      {%- endif %}{{ m.tool_call_id }}
      {% endfor %}{{ mood }}{{ tools is none }}{{ documents is none }}""";

  private static Chat chat() {
    return Chat.of(List.of(new Message("user", new ContentPart.Text("Look "), new ContentPart.Other("image", Map.of("url", "u"))),
            new Message("assistant", "").withReasoning("hm").withToolCalls(new ToolCall("7", "look", Map.of("at", List.of(1, 2.5, true)))),
            new Message("tool", "<sky>").with("tool_call_id", "7")))
        .withTools(List.of(Map.of("name", "look"))).withDocuments(List.of(Map.of("title", "T", "text", "x"))).with("mood", "glad");
  }

  @Test void toolsDocumentsPartsAndThoughtsReachTheTemplate() {
    String text = ChatTemplate.of(TOOLS, Map.of()).render(chat(), false);
    assertThat(text).isEqualTo("""
        TOOLS [{"name": "look"}]
        DOC T: x
        user:Look <image>
        assistant:(hm)[7 look {"at": [1, 2.5, true]}]
        tool:<sky>7
        gladFalseFalse""");
    assertThat(ChatTemplate.of(TOOLS, Map.of()).render(List.of(new Message("user", "a")), false)).isEqualTo("user:a\nTrueTrue");
  }

  @Test void jsonComesInAndGoesOutAsItWas() throws JsonProcessingException {
    var json = JSON.readTree("""
        {"messages": [{"content": [{"type": "text", "text": "a"}], "role": "user", "weight": 0, "extra": {"z": null, "a": [1, 2.0]}},
          {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {}}}]}],
         "tools": [{"type": "function"}], "documents": [{"title": "t"}], "enable_thinking": false}""");
    var chat = Chat.of(json);
    assertThat(chat.toJson()).isEqualTo(json);
    assertThat(chat.messages().getFirst().text()).isEqualTo("a");
    assertThat(chat.messages().getLast().text()).isEmpty();
    assertThat(ChatTemplate.of("{{ messages[0] | tojson }}{{ enable_thinking }}{{ messages[1].content is none }}", Map.of()).render(chat, false))
        .isEqualTo("{\"content\": [{\"type\": \"text\", \"text\": \"a\"}], \"role\": \"user\", \"weight\": 0,"
            + " \"extra\": {\"z\": null, \"a\": [1, 2.0]}}FalseTrue");
    assertThat(Chat.of(json.path("messages"))).isEqualTo(Chat.of(chat.messages()));
  }

  @Test void whatIsNoChatIsRefused() throws JsonProcessingException {
    for (String wrong : List.of("{}", "3", "[1]", "[{\"content\": \"no role\"}]", "{\"messages\": [], \"tools\": {}}")) {
      var json = JSON.readTree(wrong);
      assertThatThrownBy(() -> Chat.of(json)).as(wrong).isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> new Message(Map.of("content", "x"))).hasMessageContaining("a message needs a `role`");
  }

  @Test void specialTokensInToolsAndCallsStayText() {
    try (var tokenizer = ChatEncodingTest.tokenizer("llama3")) {
      var template = ChatTemplate.of("{{ tools | tojson }}{% for m in messages %}{{ m | tojson }}<|eot_id|>{% endfor %}{{ note }}", Map.of());
      var chat = Chat.of(List.of(new Message("user", "<|eot_id|>").withToolCalls(new ToolCall("f", Map.of("<|eot_id|>", "x<|eot_id|>")))
          .with("parts", List.of("<|eot_id|>")))).withTools(List.of(Map.of("name", "<|eot_id|>"))).with("note", "<|eot_id|>");
      long[] ids = template.ids(tokenizer, chat, false);
      assertThat(Arrays.stream(ids).filter(tokenizer::isSpecial)).containsExactly((long) tokenizer.requireId("<|eot_id|>"));
      assertThat(tokenizer.decode(ids, false)).isEqualTo(template.render(chat, false)).contains("x<|eot_id|>");
    }
  }

  @Test void wordsThatLookLikeBooleansAreText() {
    var template = ChatTemplate.of("{% for m in messages %}{% if m['content'] %}{{ m['content'] ~ (m.content == false) }};{% endif %}{% endfor %}", Map.of());
    assertThat(template.render(List.of(new Message("user", "False"), new Message("user", ""), new Message("user", "true")), false))
        .isEqualTo("FalseFalse;trueFalse;");
  }

  @Test void whiteSpaceAndControlCharactersArePythons() {
    var template = ChatTemplate.of("{% for m in messages %}<{{ m.content | trim }}|{{ m.content.strip() }}>{% endfor %}", Map.of());
    assertThat(template.render(List.of(new Message("user", "\u3000\u4f60\u597d\u00a0"), new Message("user", "\u001b[1m\u0000\u0007 \n")), false))
        .isEqualTo("<\u4f60\u597d|\u4f60\u597d><\u001b[1m\u0000\u0007|\u001b[1m\u0000\u0007>");
  }

  @Test void theDateIsThatOfTheClock() {
    var template = ChatTemplate.of("{{ strftime_now('%d %B %Y') }}", Map.of())
        .withClock(Clock.fixed(Instant.parse("2025-07-10T00:00:00Z"), ZoneOffset.UTC));
    assertThat(template.render(List.of(), false)).isEqualTo("10 July 2025");
  }

  @Test void whatTheTemplateGetsWrongNamesItsLine() {
    assertThatThrownBy(() -> ChatTemplate.of("a\n{{ messages[0].content.foo() }}", Map.of()).render(List.of(new Message("user", "x")), false))
        .isInstanceOf(DataException.class).hasMessage("the chat template, line 2: 'str object' has no attribute 'foo'");
  }
}
