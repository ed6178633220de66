package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.bpe.BpeTrainer.Options;
import org.jtorch.text.PreTokenizer;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Documents begin and end as the tokenizer's file says.
class DocumentEncoderTest {
  @TempDir Path dir;

  /// A tokenizer whose post-processor is this; ids: 0 EOS, 1 BOS, 2 SEP.
  private Tokenizer tokenizer(String postProcessor) throws IOException {
    var options = new Options(300, 1, List.of("<|endoftext|>", "<s>", "<sep>"), PreTokenizer.GPT2);
    BpeTrainer.train(List.of("the cat sat on the mat"), options).save(dir, 64);
    Path file = dir.resolve("tokenizer.json");
    var json = new ObjectMapper();
    var node = (ObjectNode) json.readTree(file.toFile());
    node.set("post_processor", json.readTree(postProcessor));
    Files.writeString(file, json.writeValueAsString(node));
    return Tokenizer.load(dir);
  }

  private static String template(String single) {
    return "{\"type\": \"TemplateProcessing\", \"single\": [" + single + "], \"pair\": [" + single + "], \"special_tokens\": {"
        + special("<s>", 1) + ", " + special("<sep>", 2) + "}}";
  }

  private static String special(String name, int id) {
    return "\"%s\": {\"id\": \"%s\", \"ids\": [%d], \"tokens\": [\"%s\"]}".formatted(name, name, id, name);
  }

  private static String token(String name) {
    return "{\"SpecialToken\": {\"id\": \"" + name + "\", \"type_id\": 0}}";
  }

  private static final String TEXT = "{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}";

  @Test void bosComesWhereThePostProcessorAddsIt() throws IOException {
    try (var tokenizer = tokenizer(template(token("<s>") + ", " + TEXT))) {
      var encoder = DocumentEncoder.of(tokenizer, "<|endoftext|>");
      assertThat(encoder.begin()).containsExactly(1);
      long[] cat = tokenizer.encodeText("the cat");
      assertThat(encoder.encode("the cat")).startsWith(1).endsWith(0).hasSize(cat.length + 2).containsSequence(cat);
      assertThat(encoder.encode("<s>")).as("the name in a text is text").hasSizeGreaterThan(3);
      try (var shards = TokenShards.write(dir.resolve("shards"), Stream.of(new Document("the cat", "")), tokenizer, "<|endoftext|>")) {
        shards.forEachDocument(ids -> assertThat(ids).isEqualTo(encoder.encode("the cat")));
      }
    }
  }

  @Test void whatComesAfterATextIsTheEosAlone() throws IOException {
    try (var tokenizer = tokenizer(template(token("<s>") + ", " + token("<sep>") + ", " + TEXT + ", " + token("<sep>")))) {
      var encoder = DocumentEncoder.of(tokenizer, "<|endoftext|>");
      assertThat(encoder.begin()).containsExactly(1, 2);
      assertThat(encoder.encode("the cat")).endsWith(0).doesNotHaveDuplicates();
    }
  }

  @Test void withoutSuchAPostProcessorThereIsNone() throws IOException {
    try (var tokenizer = tokenizer("null")) {
      assertThat(DocumentEncoder.of(tokenizer, "<|endoftext|>").begin()).isEmpty();
    }
  }
}
