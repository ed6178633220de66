package org.jtorch.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.gguf.GgufWriter.Value;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.text.AddedToken;
import org.jtorch.text.Tokenizer;

/// A `tokenizer.json` in the words of GGUF. Two kinds exist there: `gpt2`, byte-level pairs merged by rank, and `llama`,
/// SentencePiece's pairs merged by the score of what they become.
final class Vocabulary {
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER = 4;
  private static final int UNUSED = 5;
  private static final int BYTE = 6;
  /// The score of a token that no merge makes.
  private static final float NEVER = -1e6f;

  private final Path file;
  private final JsonNode root;
  private final boolean pieces;
  private final String[] tokens;
  private final int[] types;

  private Vocabulary(JsonFile json, List<AddedToken> added, int size) {
    this.file = json.path();
    this.root = json.node();
    var model = root.path("model");
    String kind = model.path("type").asText("BPE");
    if (!kind.equals("BPE") || !model.path("vocab").isObject()) {
      throw new DataException(file + ": GGUF export reads tokenizers of the kind BPE, this one is " + kind);
    }
    this.pieces = model.path("byte_fallback").asBoolean(false);
    this.tokens = new String[size];
    this.types = new int[size];
    fill(model, added);
  }

  /// Adds the vocabulary to the metadata.
  ///
  /// @param size rows of the model's embedding; tokens are padded to it
  /// @return notes for the user
  static List<String> describe(Path folder, int size, SequencedMap<String, Value> into) {
    var vocabulary = open(folder, size);
    var notes = new ArrayList<String>();
    if (vocabulary.pieces) {
      vocabulary.describePieces(into);
    } else {
      vocabulary.describeBytes(into, notes);
    }
    SpecialTokens.describe(folder, into);
    return notes;
  }

  private static Vocabulary open(Path folder, int size) {
    try (var tokenizer = Tokenizer.load(folder)) {
      return new Vocabulary(JsonFile.open(folder.resolve("tokenizer.json")), tokenizer.added(), size);
    }
  }

  private void fill(JsonNode model, List<AddedToken> added) {
    Arrays.fill(types, UNUSED);
    String unknown = model.path("unk_token").asText("");
    model.path("vocab").properties().forEach(e -> put(e.getValue(), e.getKey(),
        e.getKey().equals(unknown) ? UNKNOWN : pieces && e.getKey().matches("<0x[0-9A-F]{2}>") ? BYTE : NORMAL));
    added.stream().filter(a -> a.id() < types.length || isOwn(a)).forEach(a -> put(IntNode.valueOf(a.id()), a.content(),
        a.content().equals(unknown) && pieces ? UNKNOWN : a.special() ? CONTROL : USER));
    for (int id = 0; id < tokens.length; id++) {
      if (tokens[id] == null) {
        tokens[id] = "[PAD" + id + "]";
      }
    }
  }

  /// A padding token that only `tokenizer_config.json` names often has no row in the model: no text needs it.
  private boolean isOwn(AddedToken token) {
    return root.path("added_tokens").valueStream().anyMatch(t -> t.path("content").asText().equals(token.content()));
  }

  private void put(JsonNode id, String token, int type) {
    if (!id.canConvertToInt() || id.intValue() < 0 || id.intValue() >= tokens.length) {
      throw new DataException(file + ": token \"" + token + "\" has the id " + id + ", but the model has only " + tokens.length
          + " (`vocab_size`); is this the model's tokenizer?");
    }
    tokens[id.intValue()] = token;
    types[id.intValue()] = type;
  }

  private List<String> merges() {
    return root.path("model").path("merges").valueStream()
        .map(m -> m.isArray() ? m.path(0).asText() + " " + m.path(1).asText() : m.asText()).toList();
  }

  private void describeBytes(SequencedMap<String, Value> into, List<String> notes) {
    into.put("tokenizer.ggml.model", new Value.Text("gpt2"));
    String split = PreTokenizers.named(root);
    if (split == null) {
      notes.add(file + " cuts text into words in a way that llama.cpp may not know; it is told \"default\", and tokens may differ");
    }
    into.put("tokenizer.ggml.pre", new Value.Text(split == null ? "default" : split));
    into.put("tokenizer.ggml.tokens", new Value.Texts(List.of(tokens)));
    into.put("tokenizer.ggml.token_type", new Value.Ints(types));
    into.put("tokenizer.ggml.merges", new Value.Texts(merges()));
  }

  private void describePieces(SequencedMap<String, Value> into) {
    into.put("tokenizer.ggml.model", new Value.Text("llama"));
    into.put("tokenizer.ggml.pre", new Value.Text("default"));
    into.put("tokenizer.ggml.tokens", new Value.Texts(List.of(tokens)));
    into.put("tokenizer.ggml.scores", new Value.Floats(scores()));
    into.put("tokenizer.ggml.token_type", new Value.Ints(types));
    into.put("tokenizer.ggml.add_space_prefix", new Value.Bool(addsSpace()));
  }

  /// Of several pairs SentencePiece merges the one whose result scores highest; here that is the one with the lowest rank.
  private float[] scores() {
    Map<String, Integer> ranks = new HashMap<>();
    var merges = merges();
    for (int rank = 0; rank < merges.size(); rank++) {
      ranks.putIfAbsent(merges.get(rank).replaceFirst("(?<=.) (?=.)", ""), rank);
    }
    var scores = new float[tokens.length];
    for (int id = 0; id < scores.length; id++) {
      Integer rank = ranks.get(tokens[id]);
      boolean whole = types[id] != NORMAL || tokens[id].codePointCount(0, tokens[id].length()) == 1;
      scores[id] = rank != null ? -1 - rank : whole ? 0 : NEVER;
    }
    return scores;
  }

  /// Whether a text is taken as if a space stood before it.
  private boolean addsSpace() {
    return prepends(root.path("normalizer")) || prepends(root.path("pre_tokenizer"));
  }

  private static boolean prepends(JsonNode step) {
    return switch (step.path("type").asText("")) {
      case "Prepend" -> step.path("prepend").asText("").equals("\u2581");
      case "Metaspace" -> !step.path("prepend_scheme")
          .asText(step.path("add_prefix_space").asBoolean(true) ? "always" : "never").equals("never");
      case "Sequence" -> step.path("normalizers").valueStream().anyMatch(Vocabulary::prepends)
          || step.path("pretokenizers").valueStream().anyMatch(Vocabulary::prepends);
      default -> false;
    };
  }

  /// A file beside the tokenizer, or null.
  static @Nullable JsonFile optional(Path file) {
    return Files.exists(file) ? JsonFile.open(file) : null;
  }
}
