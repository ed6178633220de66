package org.jtorch.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.DataException;

/// A tokenizer read from a Hugging Face `tokenizer.json`, a SentencePiece model or a tiktoken file, with neither
/// truncation nor padding.
///
/// `encode` is for text the program wrote, such as a rendered chat template: the names of special tokens in it become
/// those tokens. `encodeText` and `encodeTexts` are for text of users and corpora: there `<|endoftext|>` is thirteen
/// ordinary characters. All methods may be called from many threads.
public final class Tokenizer implements AutoCloseable {
  private final Path file;
  private final byte[] source;
  private final TokenizerJson json;
  private final Set<Integer> special;
  private final NativeTokenizer tokenizer;
  private final Map<Set<String>, SpecialFreeTokenizer> specialFree = new HashMap<>();
  private boolean closed;

  private Tokenizer(Path file, byte[] source, TokenizerJson json, NativeTokenizer tokenizer) {
    this.file = file;
    this.source = source;
    this.json = json;
    this.tokenizer = tokenizer;
    this.special = json.added().stream().filter(AddedToken::special).map(AddedToken::id)
        .collect(Collectors.toUnmodifiableSet());
  }

  /// Loads a tokenizer's file, or of a folder the first there is of `tokenizer.json`, `tokenizer.model` and `*.tiktoken`.
  ///
  /// A `tokenizer.model` may be a SentencePiece model (Llama 2, Gemma, Mistral) or a tiktoken file (Llama 3): the content
  /// tells. Both become a `tokenizer.json` in memory, which [#save] writes; `tokenizer_config.json` and
  /// `added_tokens.json` beside them complete their special tokens.
  public static Tokenizer load(Path folderOrFile) {
    var found = TokenizerSource.open(folderOrFile);
    try {
      return new Tokenizer(found.file(), found.json(), TokenizerJson.parse(found.json()), NativeTokenizer.open(found.json(), found.file()));
    } catch (IOException | RuntimeException e) {
      throw new DataException(found.file() + " is not a readable tokenizer.json: " + reason(e), e);
    }
  }

  private static String reason(Exception e) {
    if (e instanceof JsonProcessingException broken && broken.getLocation() != null) {
      var at = broken.getLocation();
      return broken.getOriginalMessage() + " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
    }
    return String.valueOf(e.getMessage());
  }

  /// Writes `tokenizer.json` into a folder, which transformers loads too.
  public void save(Path folder) {
    AtomicFile.write(folder.resolve("tokenizer.json"), source);
  }

  /// Ids of text in which the names of special tokens count; `addSpecial` also adds those of the post-processor (BOS).
  public long[] encode(String text, boolean addSpecial) {
    return tokenizer.encode(text, addSpecial);
  }

  /// As [#encode], for many texts at once, on all cores.
  public List<long[]> encodeAll(List<String> texts, boolean addSpecial) {
    return Arrays.asList(tokenizer.encodeAll(texts, addSpecial));
  }

  /// Ids of foreign text: no special token comes out, whatever the text says.
  public long[] encodeText(String text) {
    return specialFree(Set.of()).encode(text);
  }

  /// As [#encodeText], for many texts at once, on all cores.
  public List<long[]> encodeTexts(List<String> texts) {
    return Arrays.asList(specialFree(Set.of()).tokenizer().encodeAll(texts, false));
  }

  /// Text of ids; ids the vocabulary does not hold decode to nothing.
  public String decode(long[] ids, boolean skipSpecial) {
    for (long id : ids) {
      if (id < 0 || id > Integer.MAX_VALUE) {
        throw new IllegalArgumentException("cannot decode the token id " + id + "; ids are 0 to " + (vocabSize() - 1));
      }
    }
    return tokenizer.decode(ids, skipSpecial);
  }

  /// What ids add to the text of a prompt that they go on from. It may begin with a space where [#decode] of the ids alone does
  /// not: decoders of the Llama 2 kind drop the one that a text begins with.
  public String decodeAfter(long[] prompt, long[] ids, boolean skipSpecial) {
    String before = decode(prompt, skipSpecial);
    String all = decode(LongStream.concat(Arrays.stream(prompt), Arrays.stream(ids)).toArray(), skipSpecial);
    return all.startsWith(before) ? all.substring(before.length()) : decode(ids, skipSpecial);
  }

  /// The largest id plus one, added tokens included: the least number of rows an embedding needs.
  public int vocabSize() {
    return json.tokens().length;
  }

  /// The id of a token by its exact name, such as `<|endoftext|>`; null if there is none.
  public @Nullable Integer id(String token) {
    return json.ids().get(token);
  }

  /// As [#id], but a missing token is an error that lists the special tokens there are.
  public int requireId(String token) {
    Integer id = id(token);
    if (id == null) {
      throw new IllegalArgumentException(file + " has no token `" + token + "`; its special tokens are " + specialTokens());
    }
    return id;
  }

  /// The name of a token in the vocabulary's own spelling (byte-level BPE writes a space as `Ġ`).
  public String token(long id) {
    String token = id < 0 || id >= vocabSize() ? null : json.tokens()[(int) id];
    if (token == null) {
      throw new IllegalArgumentException(file + " has no token with the id " + id + "; ids are 0 to " + (vocabSize() - 1));
    }
    return token;
  }

  public boolean isSpecial(long id) {
    return special.contains((int) id);
  }

  /// Whether [#decode] writes nothing for this id, wherever it stands.
  boolean isSilent(long id, boolean skipSpecial) {
    return id >= vocabSize() || (id >= 0 && json.tokens()[(int) id] == null) || (skipSpecial && isSpecial(id));
  }

  /// Names of the special tokens, by id.
  public List<String> specialTokens() {
    return special.stream().sorted().map(id -> token(id)).toList();
  }

  /// 64 bits of the file's SHA-256: tells whether token files were made with this tokenizer.
  public long fingerprint() {
    try {
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(source)).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /// What the vocabularies of this tokenizer and another differ in, in words; null if every id is the same token in both.
  public @Nullable String differenceFrom(Tokenizer other) {
    @Nullable String[] mine = json.tokens();
    @Nullable String[] theirs = other.json.tokens();
    for (int id = 0; id < Math.min(mine.length, theirs.length); id++) {
      if (!Objects.equals(mine[id], theirs[id])) {
        return "token " + id + " is " + quoted(mine[id]) + " in " + file + " and " + quoted(theirs[id]) + " in " + other.file;
      }
    }
    return mine.length == theirs.length ? null : file + " has " + mine.length + " tokens and " + other.file + " has " + theirs.length;
  }

  private static String quoted(@Nullable String token) {
    return token == null ? "nothing" : "\"" + token + "\"";
  }

  public Path file() {
    return file;
  }

  /// This tokenizer for foreign text: no special token comes out, nor one of some others.
  ///
  /// @param others added tokens that are not special and that text must not produce either, by their exact names
  public synchronized SpecialFreeTokenizer specialFree(Set<String> others) {
    if (closed) {
      throw new IllegalStateException("this tokenizer is closed");
    }
    if (special.isEmpty() && others.isEmpty()) {
      return new SpecialFreeTokenizer(tokenizer, Map.of());
    }
    SpecialFreeTokenizer made = specialFree.get(others);
    if (made == null) {
      try {
        var rewriter = new SpecialFreeJson(json, others);
        made = new SpecialFreeTokenizer(NativeTokenizer.open(rewriter.rewrite(source), file), rewriter.names());
      } catch (IOException e) {
        throw new DataException("cannot prepare " + file + " for text without special tokens: " + e.getMessage(), e);
      }
      specialFree.put(Set.copyOf(others), made);
    }
    return made;
  }

  /// This tokenizer for much foreign text.
  public TextEncoder textEncoder() {
    try {
      return new TextEncoder(specialFree(Set.of()), ByteLevelBpeJson.read(source, json));
    } catch (IOException e) {
      throw new DataException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /// The tokens beside the vocabulary, special or not.
  public List<AddedToken> added() {
    return json.added();
  }

  @Override
  public synchronized void close() {
    closed = true;
    tokenizer.close();
    specialFree.values().forEach(s -> s.tokenizer().close());
    specialFree.clear();
  }
}
