package org.jtorch.text;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// A SentencePiece `tokenizer.model`: the parts of its protobuf that matter for encoding.
record SentencePieceModel(List<Piece> pieces, Trainer trainer, Normalizer normalizer) {
  /// Kinds of pieces, in the order of their numbers from 1 on.
  enum Kind { NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE }

  /// Kinds of models, in the order of their numbers from 1 on.
  enum Type { UNIGRAM, BPE, WORD, CHAR }

  record Piece(String text, float score, Kind kind) {}

  /// @param bos id of the begin token, -1 if there is none; `eos` likewise
  /// @param suffix whether spaces end words instead of beginning them
  record Trainer(Type type, boolean byteFallback, boolean suffix, int bos, int eos) {}

  /// @param charsMap the compiled table of character replacements, may be empty
  @SuppressWarnings("ArrayRecordComponent") // passed on as it is, never compared
  record Normalizer(byte[] charsMap, boolean dummyPrefix, boolean trimSpaces, boolean escapeSpaces) {}

  static SentencePieceModel parse(byte[] file) throws IOException {
    var pieces = new ArrayList<Piece>();
    var trainer = new Trainer(Type.UNIGRAM, false, false, 1, 2);
    var normalizer = new Normalizer(new byte[0], true, true, true);
    var in = new ProtoReader(file);
    while (in.next()) {
      switch (in.field()) {
        case 1 -> pieces.add(piece(in.message()));
        case 2 -> trainer = trainer(in.message());
        case 3 -> normalizer = normalizer(in.message());
        default -> in.skip();
      }
    }
    if (pieces.isEmpty()) {
      throw new IOException("it has no pieces");
    }
    return new SentencePieceModel(List.copyOf(pieces), trainer, normalizer);
  }

  private static Piece piece(ProtoReader in) throws IOException {
    String text = "";
    float score = 0;
    var kind = Kind.NORMAL;
    while (in.next()) {
      switch (in.field()) {
        case 1 -> text = in.text();
        case 2 -> score = in.decimal();
        case 3 -> kind = named(Kind.values(), in.number(), "a piece has the type ");
        default -> in.skip();
      }
    }
    return new Piece(text, score, kind);
  }

  private static Trainer trainer(ProtoReader in) throws IOException {
    var type = Type.UNIGRAM;
    boolean bytes = false;
    boolean suffix = false;
    int bos = 1;
    int eos = 2;
    while (in.next()) {
      switch (in.field()) {
        case 3 -> type = named(Type.values(), in.number(), "model_type is ");
        case 24 -> suffix = in.flag();
        case 35 -> bytes = in.flag();
        case 41 -> bos = (int) in.number();
        case 42 -> eos = (int) in.number();
        default -> in.skip();
      }
    }
    return new Trainer(type, bytes, suffix, bos, eos);
  }

  private static Normalizer normalizer(ProtoReader in) throws IOException {
    byte[] map = {};
    boolean dummy = true;
    boolean trim = true;
    boolean escape = true;
    while (in.next()) {
      switch (in.field()) {
        case 2 -> map = in.bytes();
        case 3 -> dummy = in.flag();
        case 4 -> trim = in.flag();
        case 5 -> escape = in.flag();
        default -> in.skip();
      }
    }
    return new Normalizer(map, dummy, trim, escape);
  }

  private static <T> T named(T[] values, long number, String what) throws IOException {
    if (number < 1 || number > values.length) {
      throw new IOException(what + number + ", which is not one of 1 to " + values.length);
    }
    return values[(int) number - 1];
  }
}
