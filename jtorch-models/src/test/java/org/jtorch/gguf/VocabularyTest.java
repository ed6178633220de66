package org.jtorch.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.gguf.GgufWriter.Value;
import org.jtorch.io.DataException;
import org.jtorch.text.PreTokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VocabularyTest {
  /// SentencePiece's kind: a space is U+2581, unknown bytes have tokens, the merges' order is their rank.
  private static final String PIECES = """
      {"version": "1.0", "added_tokens": [
        {"id": 0, "content": "<unk>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false},
        {"id": 1, "content": "<s>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false},
        {"id": 8, "content": "<note>", "special": false, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}],
       "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"},
         {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
       "pre_tokenizer": null, "decoder": null,
       "post_processor": {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
       "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
         "vocab": {"<unk>": 0, "<s>": 1, "<0x0A>": 2, "\u2581": 3, "a": 4, "b": 5, "ab": 6, "\u2581ab": 7},
         "merges": ["a b", "\u2581 ab"]}}
      """;

  @TempDir Path folder;

  private Map<String, Value> describe(int size) {
    var map = new LinkedHashMap<String, Value>();
    notes = Vocabulary.describe(folder, size, map);
    return map;
  }

  private static <V extends Value> V value(Map<String, Value> map, String key, Class<V> type) {
    return type.cast(Objects.requireNonNull(map.get(key), key));
  }

  private List<String> notes = List.of();

  @Test void piecesAreScoredByTheRankOfTheirMerge() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), PIECES);
    Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": [8, 1]}");
    var map = describe(10);
    assertThat(map.get("tokenizer.ggml.model")).isEqualTo(new Value.Text("llama"));
    assertThat(value(map, "tokenizer.ggml.tokens", Value.Texts.class).values())
        .containsExactly("<unk>", "<s>", "<0x0A>", "\u2581", "a", "b", "ab", "\u2581ab", "<note>", "[PAD9]");
    assertThat(value(map, "tokenizer.ggml.token_type", Value.Ints.class).values()).containsExactly(2, 3, 6, 1, 1, 1, 1, 1, 4, 5);
    assertThat(value(map, "tokenizer.ggml.scores", Value.Floats.class).values()).containsExactly(0, 0, 0, 0, 0, 0, -1, -2, 0, 0);
    assertThat(map).containsEntry("tokenizer.ggml.add_space_prefix", new Value.Bool(true))
        .containsEntry("tokenizer.ggml.add_bos_token", new Value.Bool(true))
        .containsEntry("tokenizer.ggml.add_eos_token", new Value.Bool(false))
        .containsEntry("tokenizer.ggml.bos_token_id", new Value.U32(1)).containsEntry("tokenizer.ggml.eos_token_id", new Value.U32(8));
    assertThat(notes).isEmpty();
  }

  @ParameterizedTest @CsvSource({"GPT2, gpt-2", "LLAMA3, llama-bpe", "QWEN2, qwen2"})
  void bytePairsKeepTheirMergesAndTheNameOfTheirSplit(PreTokenizer split, String name) {
    var bpe = BpeTrainer.train(List.of("the cat and the other cat"), new BpeTrainer.Options(270, 2, List.of("<|end|>"), split));
    bpe.save(folder, 64);
    var map = describe(bpe.tokens().size());
    assertThat(map).containsEntry("tokenizer.ggml.model", new Value.Text("gpt2")).containsEntry("tokenizer.ggml.pre", new Value.Text(name))
        .containsEntry("tokenizer.ggml.eos_token_id", new Value.U32(0))
        .containsEntry("tokenizer.ggml.add_bos_token", new Value.Bool(false));
    assertThat(value(map, "tokenizer.ggml.merges", Value.Texts.class).values()).isEqualTo(bpe.merges());
    assertThat(value(map, "tokenizer.ggml.tokens", Value.Texts.class).values()).isEqualTo(bpe.tokens());
  }

  @Test void anUnknownSplitIsNotedAndTheTemplateTravels() throws IOException {
    BpeTrainer.train(List.of("the cat and the other cat"), BpeTrainer.Options.of(270)).save(folder, 64);
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, Files.readString(file).replace("{1,3}", "{1,2}"));
    Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages }}");
    var map = describe(300);
    assertThat(map).containsEntry("tokenizer.ggml.pre", new Value.Text("default"))
        .containsEntry("tokenizer.chat_template", new Value.Text("{{ messages }}"));
    assertThat(notes).singleElement().asString().contains("tokens may differ");
  }

  @Test void aTokenWithARoleIsAControlTokenWhateverTheTokenizerSays() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), PIECES);
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"<note>\", \"pad_token\": \"<none of its own>\"}");
    var map = describe(9);
    assertThat(value(map, "tokenizer.ggml.token_type", Value.Ints.class).values()).containsExactly(2, 3, 6, 1, 1, 1, 1, 1, 3);
    assertThat(map).containsEntry("tokenizer.ggml.eos_token_id", new Value.U32(8));
  }

  @Test void namedTemplatesTravelUnderTheirNames() throws IOException {
    BpeTrainer.train(List.of("the cat and the other cat"), BpeTrainer.Options.of(270)).save(folder, 64);
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": [{\"name\": \"default\", \"template\": \"d\"},"
        + " {\"name\": \"tool-use\", \"template\": \"t\"}]}");
    assertThat(describe(300)).containsEntry("tokenizer.chat_template", new Value.Text("d"))
        .containsEntry("tokenizer.chat_template.tool_use", new Value.Text("t"))
        .containsEntry("tokenizer.chat_templates", new Value.Texts(List.of("tool_use")));
  }

  @Test void aVocabularyLargerThanTheModelIsRefused() {
    BpeTrainer.train(List.of("the cat and the other cat"), BpeTrainer.Options.of(270)).save(folder, 64);
    assertThatThrownBy(() -> describe(100)).isInstanceOf(DataException.class).hasMessageContaining("vocab_size");
  }
}
