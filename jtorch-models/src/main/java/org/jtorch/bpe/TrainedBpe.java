package org.jtorch.bpe;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.io.JsonFile;

/// A trained vocabulary: tokens by id, merges as `left right` by age, and the options they were trained with.
public record TrainedBpe(List<String> tokens, List<String> merges, BpeTrainer.Options options) {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final List<String> BOS = List.of("<|bos|>", "<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>");
  private static final List<String> PAD = List.of("<|pad|>", "<pad>", "<|padding|>");

  public TrainedBpe {
    tokens = List.copyOf(tokens);
    merges = List.copyOf(merges);
  }

  /// Writes `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json`, which Hugging Face's libraries
  /// load too. The first special token is the EOS; BOS and padding are the special tokens of the usual names
  /// (`<|bos|>`, `<s>`, `<|begin_of_text|>`; `<|pad|>`, `<pad>`), else the EOS as well.
  public void save(Path folder, int modelMaxLength) {
    write(folder, config().put("model_max_length", modelMaxLength));
  }

  /// As [#save(Path,int)], without a longest text.
  public void save(Path folder) {
    write(folder, config());
  }

  private void write(Path folder, ObjectNode config) {
    JsonFile.write(folder.resolve("tokenizer.json"), tokenizer());
    JsonFile.write(folder.resolve("tokenizer_config.json"), config);
    JsonFile.write(folder.resolve("special_tokens_map.json"), roles(JSON.objectNode()));
  }

  private ObjectNode tokenizer() {
    var root = JSON.objectNode().put("version", "1.0").putNull("truncation").putNull("padding");
    var added = root.putArray("added_tokens");
    for (int id = 0; id < options.specialTokens().size(); id++) {
      added.add(JSON.objectNode().put("id", id).setAll(flags(tokens.get(id))));
    }
    root.putNull("normalizer");
    var split = JSON.objectNode().put("type", "Split");
    split.putObject("pattern").put("Regex", options.split().regex());
    split.put("behavior", "Isolated").put("invert", false);
    root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers").add(split).add(byteLevel(false));
    root.set("post_processor", byteLevel(false));
    root.set("decoder", byteLevel(true));
    root.set("model", model());
    return root;
  }

  private static ObjectNode flags(String content) {
    return JSON.objectNode().put("content", content).put("single_word", false).put("lstrip", false).put("rstrip", false)
        .put("normalized", false).put("special", true);
  }

  private static ObjectNode byteLevel(boolean decoder) {
    return JSON.objectNode().put("type", "ByteLevel").put("add_prefix_space", decoder).put("trim_offsets", decoder)
        .put("use_regex", decoder);
  }

  private ObjectNode model() {
    var model = JSON.objectNode().put("type", "BPE").putNull("dropout").putNull("unk_token")
        .putNull("continuing_subword_prefix").putNull("end_of_word_suffix")
        .put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
    var vocab = model.putObject("vocab");
    for (int id = 0; id < tokens.size(); id++) {
      vocab.put(tokens.get(id), id);
    }
    merges.forEach(model.putArray("merges")::add);
    return model;
  }

  private ObjectNode config() {
    var root = JSON.objectNode().put("tokenizer_class", "PreTrainedTokenizerFast")
        .put("clean_up_tokenization_spaces", false).put("add_prefix_space", false);
    var decoder = root.putObject("added_tokens_decoder");
    for (int id = 0; id < options.specialTokens().size(); id++) {
      decoder.set(String.valueOf(id), flags(tokens.get(id)));
    }
    return roles(root);
  }

  private ObjectNode roles(ObjectNode root) {
    List<String> special = options.specialTokens();
    if (special.isEmpty()) {
      return root;
    }
    String eos = special.getFirst();
    String bos = special.stream().filter(BOS::contains).findFirst().orElse(eos);
    String pad = special.stream().filter(PAD::contains).findFirst().orElse(eos);
    root.put("bos_token", bos).put("eos_token", eos).put("pad_token", pad);
    var others = root.putArray("additional_special_tokens");
    special.stream().filter(s -> !List.of(eos, bos, pad).contains(s)).forEach(others::add);
    return root;
  }
}
