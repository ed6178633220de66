package org.jtorch.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateFilesTest {
  private static final Chat PLAIN = Chat.of(List.of(new Message("user", "hi")));
  private static final Chat WITH_TOOLS = PLAIN.withTools(List.of(Map.of("name", "f")));
  @TempDir Path folder;

  private void config(String json) throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), json);
  }

  private String render(Chat chat) {
    return ChatTemplate.load(folder).render(chat, false);
  }

  private static final String SEVERAL = "{\"eos_token\": \"</s>\", \"chat_template\": [{\"name\": \"tool_use\", \"template\": \"tools\"},"
      + " {\"name\": \"default\", \"template\": \"plain{{ eos_token }}\"}, {\"name\": \"rag\", \"template\": \"rag\"}]}";

  @Test void theTemplateIsChosenAsTransformersDoes() throws IOException {
    config(SEVERAL);
    assertThat(render(PLAIN)).isEqualTo("plain</s>");
    assertThat(render(WITH_TOOLS)).isEqualTo("tools");
    var template = ChatTemplate.load(folder);
    assertThat(template.names()).containsExactly("tool_use", "default", "rag");
    assertThat(template.named("rag").render(WITH_TOOLS, false)).isEqualTo("rag");
    assertThatThrownBy(() -> template.named("tool")).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("[tool_use, default, rag]");
    config("{\"chat_template\": [{\"name\": \"rag\", \"template\": \"rag\"}]}");
    assertThatThrownBy(() -> render(PLAIN)).isInstanceOf(DataException.class).hasMessageContaining("none is called default");
  }

  @Test void whatIsSavedLoadsAgainAndTheOldEntryIsGone() throws IOException {
    config(SEVERAL);
    var template = ChatTemplate.load(folder);
    template.save(folder);
    assertThat(Files.readString(folder.resolve("chat_template.jinja"))).isEqualTo("plain{{ eos_token }}");
    assertThat(Files.readString(folder.resolve("additional_chat_templates").resolve("tool_use.jinja"))).isEqualTo("tools");
    assertThat(JsonFile.open(folder.resolve("tokenizer_config.json")).keys()).containsExactly("eos_token");
    assertThat(render(PLAIN)).isEqualTo("plain</s>");
    assertThat(render(WITH_TOOLS)).isEqualTo("tools");
    assertThat(ChatTemplate.load(folder).names()).containsExactlyInAnyOrderElementsOf(template.names());
  }

  @Test void oneTemplateIsOneFile(@TempDir Path empty) {
    ChatTemplate.of("{{ 1 }}\n", Map.of()).save(empty);
    assertThat(empty).isDirectoryContaining("glob:**chat_template.jinja").isDirectoryNotContaining("glob:**additional_chat_templates");
    assertThat(ChatTemplate.load(empty).render(PLAIN, false)).isEqualTo("1");
  }

  @Test void aFileOfOnesOwnTakesTheCheckpointsTokens() throws IOException {
    config(SEVERAL);
    Path own = Files.writeString(folder.resolve("own.jinja"), "own{{ eos_token }}");
    assertThat(ChatTemplate.load(folder, own).render(WITH_TOOLS, false)).isEqualTo("own</s>");
    assertThatThrownBy(() -> ChatTemplate.load(folder, folder.resolve("missing.jinja"))).isInstanceOf(DataException.class).hasMessageContaining("missing.jinja");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../evil", "a/b", "", ".hidden", "a b"})
  void namesStayInTheirFolder(String name) {
    assertThatThrownBy(() -> TemplateFiles.write(folder, Map.of(name, "x"))).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("called");
    assertThat(folder).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"3", "{\"default\": \"x\"}", "[{\"name\": \"default\"}]", "[1]"})
  void anEntryThatIsNoTemplateIsRefused(String entry) throws IOException {
    config("{\"chat_template\": " + entry + "}");
    assertThatThrownBy(() -> ChatTemplate.load(folder)).isInstanceOf(DataException.class).hasMessageContaining("`chat_template` must be a template");
  }

  @Test void tokensComeFromWhereTransformersFindsThem() throws IOException {
    config("{\"bos_token\": \"<a>\", \"eos_token\": {\"content\": \"<e>\"}, \"pad_token\": null, \"image_token\": \"<img>\","
        + " \"add_bos_token\": true, \"extra_special_tokens\": {\"audio_token\": \"<aud>\"}}");
    Files.writeString(folder.resolve("special_tokens_map.json"), "{\"bos_token\": \"<map>\", \"unk_token\": {\"content\": \"<unk>\"}}");
    Files.writeString(folder.resolve("chat_template.jinja"),
        "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}{{ unk_token }}{{ image_token }}{{ audio_token }}");
    assertThat(render(PLAIN)).isEqualTo("<map><e>False<unk><img><aud>");
    config("{\"bos_token\": \"<a>\", \"added_tokens_decoder\": {}}");
    assertThat(render(PLAIN)).isEqualTo("<a>False");
  }

  @Test void templatesTravelWithTheModel(@TempDir Path other) throws IOException {
    config(SEVERAL);
    ChatTemplate.load(folder).save(folder);
    TemplateFiles.copyOthers(folder, other);
    assertThat(TemplateFiles.read(other)).containsOnly(Map.entry("rag", "rag"), Map.entry("tool_use", "tools"));
  }
}
