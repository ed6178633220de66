package org.jtorch.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.jtorch.chat.ChatTemplate.Message;
import org.junit.jupiter.api.Test;

class ChatFormatTest {
  @Test void theEndOfATurnIsKnown() {
    try (var tokenizer = ChatEncodingTest.tokenizer("gemma")) {
      assertThat(ChatFormat.GEMMA.endTokens(tokenizer)).containsExactly((long) tokenizer.requireId("<end_of_turn>"));
      assertThatThrownBy(() -> ChatFormat.LLAMA3.endTokens(tokenizer)).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("llama3");
    }
  }

  private static final List<Message> CHAT = List.of(new Message("user", " hi "), new Message("assistant", "yes"), new Message("user", "so"));

  @Test
  void formatsAreFoundByName() {
    assertThat(ChatFormat.find("chatml")).isEqualTo(ChatFormat.CHATML);
    assertThat(ChatFormat.find("Llama-3")).isEqualTo(ChatFormat.LLAMA3);
    assertThat(ChatFormat.find("gemma")).isEqualTo(ChatFormat.GEMMA);
    assertThatThrownBy(() -> ChatFormat.find("lama3")).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("did you mean llama3?").hasMessageContaining("chatml, llama3, gemma");
    assertThatThrownBy(() -> ChatFormat.find("xyz")).hasMessageNotContaining("did you mean").hasMessageContaining("gemma");
  }

  @Test
  void theTextIsThatOfThePapers() {
    try (var qwen = ChatEncodingTest.tokenizer("chatml"); var llama = ChatEncodingTest.tokenizer("llama3");
        var gemma = ChatEncodingTest.tokenizer("gemma")) {
      assertThat(ChatTemplate.of(ChatFormat.CHATML, qwen).render(CHAT, true)).isEqualTo(
          "<|im_start|>user\n hi <|im_end|>\n<|im_start|>assistant\nyes<|im_end|>\n<|im_start|>user\nso<|im_end|>\n<|im_start|>assistant\n");
      assertThat(ChatTemplate.of(ChatFormat.LLAMA3, llama).render(CHAT, true)).isEqualTo(
          ChatTemplate.load(ChatEncodingTest.folder("llama3")).render(CHAT, true)).startsWith("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>");
      assertThat(ChatTemplate.of(ChatFormat.GEMMA, gemma).render(CHAT, true)).isEqualTo(
          ChatTemplate.load(ChatEncodingTest.folder("gemma")).render(CHAT, true)).startsWith("<bos><start_of_turn>user\nhi<end_of_turn>\n");
      var system = List.of(new Message("system", "s"));
      assertThatThrownBy(() -> ChatTemplate.of(ChatFormat.GEMMA, gemma).render(system, false)).hasMessageContaining("System role not supported");
      assertThatThrownBy(() -> ChatTemplate.of(ChatFormat.GEMMA, gemma).render(CHAT.subList(1, 3), false)).hasMessageContaining("alternate");
    }
  }

  @Test
  void theAssistantsEndOfTurnIsLearntAndNothingAfterIt() {
    try (var qwen = ChatEncodingTest.tokenizer("chatml")) {
      var chat = ChatTemplate.of(ChatFormat.CHATML, qwen).encode(qwen, CHAT.subList(0, 2), false);
      int end = chat.ids().length - 1;
      assertThat(chat.assistant()[end]).as("the line break after the turn").isFalse();
      assertThat(chat.assistant()[end - 1]).isTrue();
      assertThat(chat.ids()[end - 1]).isEqualTo((long) qwen.requireId("<|im_end|>"));
    }
  }

  @Test
  void aTokenizerWithoutTheTokensIsRefused() {
    try (var llama = ChatEncodingTest.tokenizer("llama3")) {
      assertThatThrownBy(() -> ChatTemplate.of(ChatFormat.CHATML, llama)).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("<|im_start|>").hasMessageContaining("<|eot_id|>");
    }
  }
}
