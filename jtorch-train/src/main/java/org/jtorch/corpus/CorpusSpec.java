package org.jtorch.corpus;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.data.Jsonl;
import org.jtorch.data.LineCorpus;
import org.jtorch.data.Parquet;
import org.jtorch.data.PlainText;
import org.jtorch.data.Synthetic;
import org.jtorch.data.TextSource;
import org.jtorch.text.Tokenizer;

/// What a corpus is made of: everything that its tokens depend on, and nothing else.
///
/// @param heldOut what is kept from training for validation; without effect if `validation` is given
/// @param validation texts of one's own to validate on, or null
public record CorpusSpec(List<Part> parts, TokenizerOrigin tokenizer, HeldOut.Share heldOut, @Nullable TextSource validation) {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final int KEY_DIGITS = 16;

  public CorpusSpec {
    parts = List.copyOf(parts);
    if (parts.isEmpty() || parts.stream().map(Part::name).distinct().count() < parts.size()) {
      throw new IllegalArgumentException("a corpus needs sources of different names but has " + parts.stream().map(Part::name).toList());
    }
  }

  /// Whether the texts are read once before any is encoded.
  boolean needsSurvey() {
    return validation == null || tokenizer instanceof TokenizerOrigin.Learned;
  }

  /// What is held out by hash.
  HeldOut.Share share() {
    return validation == null ? heldOut : new HeldOut.Share(0, 0);
  }

  /// The same for the same texts, tokenizer and split: 16 hexadecimal digits. Files are known by path, size and time of their
  /// last change.
  public String key() {
    return HexFormat.of().formatHex(TextHash.sha256(identity().toString().getBytes(UTF_8))).substring(0, KEY_DIGITS);
  }

  /// The same as a tree, to say what differs.
  ObjectNode identity() {
    var node = JSON.objectNode().put("format", PreparedCorpus.FORMAT);
    node.set("tokenizer", tokenizerIdentity());
    node.set("held_out", JSON.objectNode().put("fraction", share().fraction()).put("bytes", share().bytes()));
    var sources = node.putArray("sources");
    parts.forEach(part -> sources.add(source(part.source()).put("name", part.name())));
    if (validation != null) {
      node.set("validation", source(validation));
    }
    return node;
  }

  private ObjectNode tokenizerIdentity() {
    return switch (tokenizer) {
      case TokenizerOrigin.Learned t -> {
        var node = JSON.objectNode().put("vocab_size", t.vocabSize()).put("eos", t.eos()).put("sample_bytes", t.sampleBytes())
            .put("seed", t.seed());
        t.specialTokens().forEach(node.putArray("special_tokens")::add);
        var weights = node.putArray("weights");
        parts.forEach(part -> weights.add(part.weight()));
        yield node;
      }
      case TokenizerOrigin.Given t -> JSON.objectNode().put("fingerprint", fingerprint(t.path())).put("eos", t.eos());
    };
  }

  private static String fingerprint(Path path) {
    try (var tokenizer = Tokenizer.load(path)) {
      return HexFormat.of().toHexDigits(tokenizer.fingerprint());
    }
  }

  private static ObjectNode source(TextSource source) {
    var node = switch (source) {
      case Jsonl s -> JSON.objectNode().put("type", "jsonl").put("field", s.field());
      case Parquet s -> JSON.objectNode().put("type", "parquet").put("column", s.column());
      case PlainText s -> JSON.objectNode().put("type", "plain-text").put("split", s.split().name()).put("separator", s.separator());
      case Synthetic s -> JSON.objectNode().put("type", "synthetic").put("task", s.task().name());
      case LineCorpus s -> JSON.objectNode().put("type", "line-corpus").put("artifact", s.artifact());
    };
    ArrayNode files = node.putArray("files");
    source.files().forEach(f -> files.addArray().add(Path.of(f.name()).toAbsolutePath().normalize().toString()).add(f.bytes())
        .add(f.modified()));
    return node;
  }
}
