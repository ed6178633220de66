package org.jtorch.corpus;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.data.DocumentEncoder;
import org.jtorch.data.TokenShards;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.text.Tokenizer;

/// A corpus as tokens on the disk, open: `tokenizer/`, `train/` (of several sources `train-NAME/`), `validation/`, the held-out
/// text in `held-out.txt`, and `prepared.json`, which says what it was made of and is written last.
public final class PreparedCorpus implements AutoCloseable {
  static final int FORMAT = 1;
  /// The folder of the tokenizer in that of a corpus.
  public static final String TOKENIZER = "tokenizer";
  static final String VALIDATION = "validation";
  static final String HELD_OUT_TEXT = "held-out.txt";
  private static final String NAME = "prepared.json";
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /// A source's tokens for training.
  public record Source(String name, double weight, TokenShards tokens) {}

  private final Path folder;
  private final JsonFile facts;
  private final Tokenizer tokenizer;
  private final List<Source> sources = new ArrayList<>();
  private final TokenShards validation;

  private PreparedCorpus(Path folder) {
    this.folder = folder;
    this.facts = JsonFile.open(folder.resolve(NAME));
    this.tokenizer = Tokenizer.load(folder.resolve(TOKENIZER));
    for (var source : facts.objects("sources")) {
      String name = source.requiredString("name");
      sources.add(new Source(name, source.requiredDouble("weight"), TokenShards.open(train(folder, name)).requireTokenizer(tokenizer)));
    }
    this.validation = TokenShards.open(folder.resolve(VALIDATION)).requireTokenizer(tokenizer);
  }

  /// Whether a folder holds a whole corpus.
  public static boolean isIn(Path folder) {
    return Files.isRegularFile(folder.resolve(NAME));
  }

  /// Opens a folder that [Preparation] has finished.
  ///
  /// @throws DataException if it is not there, not finished or damaged
  @MustBeClosed
  public static PreparedCorpus open(Path folder) {
    if (!isIn(folder)) {
      throw new DataException(folder + " holds no prepared text (" + NAME + " is missing); make it with: jtorch data prepare RECIPE --out "
          + folder);
    }
    return new PreparedCorpus(folder);
  }

  static Path train(Path folder, String part) {
    return folder.resolve(part.equals(Part.ONLY) ? "train" : "train-" + part);
  }

  /// Writes what a finished folder holds.
  static void describe(CorpusSpec spec, Path folder, DocumentEncoder encoder) {
    var node = JSON.objectNode().put("format", FORMAT).put("key", spec.key()).put("eos", spec.tokenizer().eos())
        .put("begin_tokens", encoder.begin().length);
    var sources = node.putArray("sources");
    for (Part part : spec.parts()) {
      try (var tokens = TokenShards.open(train(folder, part.name()))) {
        sources.addObject().put("name", part.name()).put("weight", part.weight()).put("documents", tokens.documents())
            .put("tokens", tokens.tokens()).put("text_bytes", tokens.textBytes());
      }
    }
    node.set("made_of", spec.identity());
    JsonFile.write(folder.resolve(NAME), node);
  }

  /// [CorpusSpec#key] of what it was made of.
  public String key() {
    return facts.requiredString("key");
  }

  public Path folder() {
    return folder;
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /// Where the tokenizer's files lie.
  public Path tokenizerFolder() {
    return folder.resolve(TOKENIZER);
  }

  public List<Source> sources() {
    return List.copyOf(sources);
  }

  public TokenShards validation() {
    return validation;
  }

  /// Tokens of the held-out text that stand for text or its end, which a model is to predict: BOS is not among them.
  public long validationTokens() {
    return validation.tokens() - validation.documents() * facts.requiredLong("begin_tokens");
  }

  /// The token that ends a document.
  public String eos() {
    return facts.requiredString("eos");
  }

  public long eosId() {
    return tokenizer.requireId(eos());
  }

  @Override
  public void close() {
    validation.close();
    sources.forEach(source -> source.tokens.close());
    tokenizer.close();
  }
}
