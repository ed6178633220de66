package org.jtorch.text;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.text.SentencePieceModel.Kind;
import org.jtorch.text.SentencePieceModel.Piece;

/// A SentencePiece model as `tokenizer.json`. Text gives the ids that SentencePiece gives; control tokens, which it
/// never finds in a text, become special tokens.
///
/// A BPE model stores no merges, only pieces by age: every way to put a piece together from two others is a merge, as
/// old as the piece. Reserved pieces take the names that the files beside the model give them. A dummy prefix is written
/// before each stretch of text between special tokens and, unlike in SentencePiece, between user-defined pieces.
final class SentencePieceJson {
  private static final String SPACE = "\u2581";
  /// Lowers the score of pieces that must not be found in a text below that of any way to spell them.
  private static final float NEVER = 60;
  private final SentencePieceModel model;
  private final TokenizerConfig config;
  private final Map<String, Integer> ids = new HashMap<>();

  private record Merge(String left, String right, float score) {}

  private SentencePieceJson(SentencePieceModel given, TokenizerConfig config) throws IOException {
    this.model = renamed(given, config);
    this.config = config;
    for (int id = 0; id < model.pieces().size(); id++) {
      ids.putIfAbsent(model.pieces().get(id).text(), id);
    }
    config.added().forEach((id, token) -> ids.putIfAbsent(token.path("content").asText(), id));
  }

  /// The model with the names that the configuration gives to some of its pieces: reserved ones, mostly.
  private static SentencePieceModel renamed(SentencePieceModel model, TokenizerConfig config) throws IOException {
    var pieces = new ArrayList<>(model.pieces());
    var names = new HashMap<String, Integer>();
    for (var token : config.added().headMap(pieces.size()).entrySet()) {
      int id = token.getKey();
      Piece piece = pieces.get(id);
      String name = token.getValue().path("content").asText();
      if (name.equals(piece.text())) {
        continue;
      }
      if (piece.kind() == Kind.NORMAL || piece.kind() == Kind.BYTE) {
        throw new IOException("the id " + id + " of the added token `" + name + "` is also the piece `" + piece.text()
            + "` of a text; only reserved pieces can have another name");
      }
      pieces.set(id, new Piece(name, piece.score(), piece.kind()));
      names.put(name, id);
    }
    for (int id = 0; id < pieces.size() && !names.isEmpty(); id++) {
      Integer other = names.get(pieces.get(id).text());
      if (other != null && other != id) {
        throw new IOException("the added token `" + pieces.get(id).text() + "` has the id " + other + ", but it is also the piece " + id);
      }
    }
    return new SentencePieceModel(pieces, model.trainer(), model.normalizer());
  }

  static byte[] convert(SentencePieceModel model, TokenizerConfig config) throws IOException {
    var type = model.trainer().type();
    if (type != SentencePieceModel.Type.BPE && type != SentencePieceModel.Type.UNIGRAM) {
      throw new IOException("its model type is " + type + "; supported are BPE and UNIGRAM");
    }
    if (model.trainer().suffix()) {
      throw new IOException("it treats whitespace as a suffix, which is not supported");
    }
    return new SentencePieceJson(model, config).parts().write();
  }

  private TokenizerParts parts() {
    var decoders = new ArrayList<ObjectNode>();
    decoders.add(TokenizerParts.replace("String", SPACE, " "));
    decoders.add(TokenizerParts.part("ByteFallback"));
    decoders.add(TokenizerParts.part("Fuse"));
    if (model.normalizer().dummyPrefix()) {
      decoders.add(TokenizerParts.part("Strip").put("content", " ").put("start", 1).put("stop", 0));
    }
    boolean bpe = model.trainer().type() == SentencePieceModel.Type.BPE;
    return new TokenizerParts(added().values(), normalizer(), null, edges(bpe), TokenizerParts.sequence("decoders", decoders),
        bpe ? this::bpe : this::unigram);
  }

  private TreeMap<Integer, ObjectNode> added() {
    var added = new TreeMap<Integer, ObjectNode>(config.added());
    for (int id = 0; id < model.pieces().size(); id++) {
      Piece piece = model.pieces().get(id);
      if (piece.kind() == Kind.USER_DEFINED) {
        ObjectNode known = added.get(id);
        boolean special = known != null && known.path("special").asBoolean();
        // found in the normalized text, as SentencePiece does; a dummy prefix would become part of the name
        added.put(id, TokenizerConfig.token(id, piece.text(), special, !model.normalizer().dummyPrefix()));
      } else if (piece.kind() == Kind.CONTROL || piece.kind() == Kind.UNKNOWN) {
        var _ = added.putIfAbsent(id, TokenizerConfig.token(id, piece.text(), true, false));
      }
    }
    return added;
  }

  private @Nullable ObjectNode normalizer() {
    var spec = model.normalizer();
    var steps = new ArrayList<ObjectNode>();
    if (spec.charsMap().length > 0) {
      steps.add(TokenizerParts.part("Precompiled")
          .put("precompiled_charsmap", Base64.getEncoder().encodeToString(spec.charsMap())));
    }
    if (spec.trimSpaces()) {
      steps.add(TokenizerParts.replace("Regex", "\\A +| +\\z", ""));
      steps.add(TokenizerParts.replace("Regex", " {2,}", " "));
    }
    if (spec.dummyPrefix()) {
      steps.add(TokenizerParts.part("Prepend").put("prepend", spec.escapeSpaces() ? SPACE : " "));
    }
    if (spec.escapeSpaces()) {
      steps.add(TokenizerParts.replace("String", " ", SPACE));
    }
    return steps.isEmpty() ? null : TokenizerParts.sequence("normalizers", steps);
  }

  /// Begin and end tokens: what the configuration says, else a begin token for BPE, the custom of Llama and Gemma.
  private @Nullable ObjectNode edges(boolean bpe) {
    return TokenizerParts.template(edge(config.addBos().orElse(bpe), config.bos(), model.trainer().bos()),
        edge(config.addEos().orElse(false), config.eos(), model.trainer().eos()));
  }

  private Map<String, Integer> edge(boolean wanted, Optional<String> name, int id) {
    String own = id >= 0 && id < model.pieces().size() ? model.pieces().get(id).text() : "";
    String token = name.filter(ids::containsKey).orElse(own);
    Integer known = ids.get(token);
    return wanted && known != null ? Map.of(token, known) : Map.of();
  }

  private void bpe(JsonGenerator g) throws IOException {
    g.writeStringField("type", "BPE");
    g.writeNullField("dropout");
    @Nullable String unknown = model.pieces().stream().filter(p -> p.kind() == Kind.UNKNOWN).map(Piece::text).findFirst().orElse(null);
    g.writeStringField("unk_token", unknown);
    g.writeNullField("continuing_subword_prefix");
    g.writeNullField("end_of_word_suffix");
    g.writeBooleanField("fuse_unk", true);
    g.writeBooleanField("byte_fallback", model.trainer().byteFallback());
    g.writeBooleanField("ignore_merges", false);
    g.writeObjectFieldStart("vocab");
    for (int id = 0; id < model.pieces().size(); id++) {
      g.writeNumberField(model.pieces().get(id).text(), id);
    }
    for (var token : config.added().tailMap(model.pieces().size()).entrySet()) {
      g.writeNumberField(token.getValue().path("content").asText(), token.getKey()); // else the library numbers it itself
    }
    g.writeEndObject();
    g.writeArrayFieldStart("merges");
    for (Merge merge : merges()) {
      g.writeArray(new String[] {merge.left(), merge.right()}, 0, 2);
    }
    g.writeEndArray();
  }

  private List<Merge> merges() throws IOException {
    var merges = new ArrayList<Merge>();
    for (Piece piece : model.pieces()) {
      if (piece.kind() != Kind.NORMAL) {
        continue;
      }
      String text = piece.text();
      if (text.length() > TokenizerParts.LONGEST) {
        throw new IOException("a piece has " + text.length() + " characters; at most " + TokenizerParts.LONGEST + " are supported");
      }
      for (int i = text.offsetByCodePoints(0, text.isEmpty() ? 0 : 1); i < text.length(); i = text.offsetByCodePoints(i, 1)) {
        if (normal(text.substring(0, i)) && normal(text.substring(i))) {
          merges.add(new Merge(text.substring(0, i), text.substring(i), piece.score()));
        }
      }
    }
    merges.sort(Comparator.comparingDouble((Merge m) -> -m.score()).thenComparing(m -> -m.left().length())
        .thenComparing(m -> -m.right().length()));
    return merges;
  }

  private boolean normal(String text) {
    Integer id = ids.get(text);
    return id != null && id < model.pieces().size() && model.pieces().get(id).kind() == Kind.NORMAL;
  }

  private void unigram(JsonGenerator g) throws IOException {
    float least = 0;
    int unknown = -1;
    for (int id = 0; id < model.pieces().size(); id++) {
      Piece piece = model.pieces().get(id);
      least = piece.kind() == Kind.NORMAL ? Math.min(least, piece.score()) : least;
      unknown = piece.kind() == Kind.UNKNOWN ? id : unknown;
    }
    int next = model.pieces().size();
    for (int id : config.added().tailMap(next).keySet()) {
      if (id != next++) {
        throw new IOException("added tokens must go on from its " + model.pieces().size()
            + " pieces without gaps, but one has the id " + id);
      }
    }
    if (unknown < 0) {
      throw new IOException("it has no piece of the type UNKNOWN");
    }
    g.writeStringField("type", "Unigram");
    g.writeNumberField("unk_id", unknown);
    g.writeBooleanField("byte_fallback", model.trainer().byteFallback());
    g.writeArrayFieldStart("vocab");
    for (Piece piece : model.pieces()) {
      boolean never = piece.kind() == Kind.BYTE || piece.kind() == Kind.UNUSED;
      g.writeStartArray();
      g.writeString(piece.text());
      g.writeNumber(never ? least - NEVER : piece.score());
      g.writeEndArray();
    }
    g.writeEndArray();
  }
}
