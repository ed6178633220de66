package org.jtorch.parity;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.jtorch.chat.ChatTemplate;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.chat.EncodedChat;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.text.Tokenizer;

/// Cases of the kinds `tokenizer` and `chat_template`: everything must be equal.
final class TextCases {
  private final JsonFile cases;
  private final Findings findings;

  private TextCases(Path folder, Findings findings) {
    this.cases = JsonFile.open(folder.resolve("cases.json"));
    this.findings = findings;
  }

  static void tokenizer(Path folder, Findings findings) {
    var run = new TextCases(folder, findings);
    try (var t = Tokenizer.load(folder)) {
      run.all("encode.ids", "encode", c -> differ(c, "ids", t.encode(text(c), false)));
      run.all("encode.ids_with_special", "encode",
          c -> differ(c, c.has("ids_with_special") ? "ids_with_special" : "ids", t.encode(text(c), true)));
      run.all("encode.tokens", "encode", c -> differ(c, "tokens", names(t, t.encode(text(c), false))));
      run.all("encode.decoded", "encode", c -> differ(c, "decoded", t.decode(ids(c), false)));
      run.all("encode.decoded_skip_special", "encode",
          c -> differ(c, c.has("decoded_skip_special") ? "decoded_skip_special" : "decoded", t.decode(ids(c), true)));
      run.all("decode_only", "decode_only", c -> differ(c, "decoded", t.decode(ids(c), false)));
    }
  }

  static void template(Path folder, Findings findings) {
    var run = new TextCases(folder, findings);
    var template = ChatTemplate.load(folder);
    run.all("rendered", "chats", c -> differ(c, c.has("error") ? "error" : "rendered", render(template, c)));
    try (var t = Tokenizer.load(folder)) {
      run.all("input_ids", "chats", c -> c.has("error") ? "" : differ(c, "input_ids", template.ids(t, messages(c), prompt(c))));
      if (run.any("assistant_masks")) {
        run.all("assistant_masks", "chats",
            c -> c.has("assistant_masks") ? differ(c, "assistant_masks", mask(chat(template, t, c))) : "");
        run.all("assistant_text", "chats",
            c -> c.has("assistant_text") ? differ(c, "assistant_text", said(t, chat(template, t, c))) : "");
      }
    }
  }

  private boolean any(String key) {
    return StreamSupport.stream(cases.node().path("chats").spliterator(), false).anyMatch(c -> c.has(key));
  }

  private static EncodedChat chat(ChatTemplate template, Tokenizer tokenizer, JsonNode chat) {
    return template.encode(tokenizer, messages(chat), prompt(chat));
  }

  private static long[] mask(EncodedChat chat) {
    return IntStream.range(0, chat.ids().length).mapToLong(i -> chat.assistant()[i] ? 1 : 0).toArray();
  }

  private static String said(Tokenizer tokenizer, EncodedChat chat) {
    return tokenizer.decode(IntStream.range(0, chat.ids().length).filter(i -> chat.assistant()[i]).mapToLong(i -> chat.ids()[i])
        .toArray(), false);
  }

  /// What the template makes of the chat; if it refuses, its reason, cut out of our message.
  private static String render(ChatTemplate template, JsonNode chat) {
    try {
      return template.render(messages(chat), prompt(chat));
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      String wanted = chat.path("error").asText();
      return chat.has("error") && message.contains(wanted) ? wanted : "refused: " + message;
    }
  }

  private static List<Message> messages(JsonNode chat) {
    return chat.path("messages").valueStream().map(Message::of).toList();
  }

  private static boolean prompt(JsonNode chat) {
    return chat.path("add_generation_prompt").asBoolean();
  }

  /// One row for all entries under `key`.
  ///
  /// @param difference what is wrong with an entry, or the empty string
  private void all(String what, String key, Function<JsonNode, String> difference) {
    findings.part(what, () -> {
      JsonNode entries = cases.node().path(key);
      if (!entries.isArray()) {
        throw new DataException(cases.path() + ": `" + key + "` must be a list");
      }
      var wrong = new ArrayList<String>();
      for (int i = 0; i < entries.size(); i++) {
        String d = difference.apply(entries.get(i));
        if (!d.isEmpty()) {
          wrong.add(key + "[" + i + "]: " + d);
        }
      }
      findings.add(wrong.isEmpty() ? new Check(what, 0, 0, true, entries.size() + " entries, exact")
          : new Check(what, Double.NaN, Double.NaN, false, wrong.size() + " of " + entries.size() + " differ, first " + wrong.getFirst()));
    });
  }

  private static String differ(JsonNode entry, String key, long[] actual) {
    return differ(Arrays.toString(longs(entry.path(key))), Arrays.toString(actual));
  }

  private static String differ(JsonNode entry, String key, String actual) {
    return differ(entry.path(key).asText(), actual);
  }

  private static String differ(JsonNode entry, String key, List<String> actual) {
    var stored = StreamSupport.stream(entry.path(key).spliterator(), false).map(JsonNode::asText).toList();
    return differ(stored.toString(), actual.toString());
  }

  static String differ(String stored, String actual) {
    return stored.equals(actual) ? "" : quote(actual) + " but " + quote(stored) + " is stored";
  }

  private static String quote(String text) {
    String shown = text.length() <= 200 ? text : text.substring(0, 200) + "…";
    return '"' + shown.replace("\n", "\\n").replace("\r", "\\r") + '"';
  }

  private static List<String> names(Tokenizer tokenizer, long[] ids) {
    return Arrays.stream(ids).mapToObj(tokenizer::token).toList();
  }

  private static String text(JsonNode entry) {
    return entry.path("text").asText();
  }

  private static long[] ids(JsonNode entry) {
    return longs(entry.path("ids"));
  }

  private static long[] longs(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).mapToLong(JsonNode::longValue).toArray();
  }
}
