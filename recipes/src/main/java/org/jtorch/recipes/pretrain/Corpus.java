package org.jtorch.recipes.pretrain;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.data.Document;
import org.jtorch.data.HeldOut;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenShards;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.recipes.pretrain.PretrainRecipe.Packing;
import org.jtorch.recipes.pretrain.PretrainRecipe.TokenizerConfig;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.text.Tokenizer;

/// The text of a run as tokens: made once in the run folder, mapped from then on.
///
/// Made whole or not at all: the folder is published when everything in it is written, so a run that was killed
/// while preparing begins that step again.
final class Corpus implements AutoCloseable {
  static final String EOS = "<|endoftext|>";
  private static final String FACTS = "corpus.json";

  private final Tokenizer tokenizer;
  private final TokenShards train;
  private final TokenShards validation;
  private final JsonFile facts;

  private Corpus(Path folder) {
    this.tokenizer = Tokenizer.load(folder.resolve("tokenizer"));
    this.train = TokenShards.open(folder.resolve("train"));
    this.validation = TokenShards.open(folder.resolve("validation"));
    this.facts = JsonFile.open(folder.resolve(FACTS));
    train.verify();
    validation.verify();
  }

  /// Opens the run's tokens, making them if they are not there.
  @MustBeClosed
  static Corpus open(PretrainRecipe recipe, RunFolder run, Consumer<String> note) {
    prepare(recipe, run, note);
    return new Corpus(run.data());
  }

  /// Makes the run's tokens if they are not there.
  static void prepare(PretrainRecipe recipe, RunFolder run, Consumer<String> note) {
    if (!Files.exists(run.data())) {
      AtomicFolder.publish(run.data(), folder -> make(recipe, folder, note));
    }
  }

  private static void make(PretrainRecipe recipe, Path folder, Consumer<String> note) {
    var split = split(recipe);
    note.accept("text: %,d documents for training, %,d for validation (%,d bytes)"
        .formatted(split.train.size(), split.validation.size(), split.validationBytes));
    Path home = folder.resolve("tokenizer");
    String eos = tokenizer(recipe, split.train, home, note);
    try (var tokenizer = Tokenizer.load(home);
        var train = TokenShards.write(folder.resolve("train"), split.train.stream(), tokenizer, eos);
        var validation = TokenShards.write(folder.resolve("validation"), split.validation.stream(), tokenizer, eos)) {
      note.accept("tokens: %,d for training, %,d for validation, %.2f bytes each"
          .formatted(train.tokens(), validation.tokens(), (double) train.textBytes() / train.tokens()));
    }
    SpecialIds.write(recipe, home, eos);
    JsonFile.write(folder.resolve(FACTS), JsonNodeFactory.instance.objectNode().put("eos", eos)
        .put("train_documents", split.train.size()).put("validation_documents", split.validation.size()));
    writeHeldOut(split.validation, folder.resolve("held-out.txt"));
  }

  private record Split(List<Document> train, List<Document> validation, long validationBytes) {}

  private static Split split(PretrainRecipe recipe) {
    var train = new ArrayList<Document>();
    var validation = new ArrayList<Document>();
    var held = new HeldOut(recipe.data().heldOut(), recipe.data().heldOutBytes());
    var counts = held.split(recipe.data().source().read(), train::add, validation::add);
    if (validation.isEmpty()) {
      throw new DataException("no document was held out for validation: raise `data.held_out` (" + recipe.data().heldOut()
          + ") or give more than " + train.size() + " documents");
    }
    return new Split(train, validation, counts.validationBytes());
  }

  private static String tokenizer(PretrainRecipe recipe, List<Document> texts, Path home, Consumer<String> note) {
    switch (recipe.tokenizer()) {
      case TokenizerConfig.Train(int vocab) -> {
        note.accept("training a tokenizer of %,d tokens".formatted(vocab));
        var trained = BpeTrainer.train(texts.stream().map(Document::text),
            new BpeTrainer.Options(vocab, 2, List.of(EOS), BpeTrainer.Options.of(vocab).split()));
        trained.save(home, recipe.data().seqLen());
        return EOS;
      }
      case TokenizerConfig.File(Path path, String eos) -> {
        TokenizerFiles.copy(path, home);
        return eos;
      }
    }
  }

  /// The held-out text itself, so that anyone can give it to a compressor.
  private static void writeHeldOut(List<Document> validation, Path file) {
    RunFolder.write(file, String.join("", validation.stream().map(Document::text).toList()));
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  TokenShards validation() {
    return validation;
  }

  TokenShards train() {
    return train;
  }

  String eos() {
    return facts.requiredString("eos");
  }

  long eosId() {
    return tokenizer.requireId(eos());
  }

  static RowSource rows(TokenShards shards, PretrainRecipe.Data data) {
    return data.packing() == Packing.PACKED ? RowSource.packed(shards, data.seqLen()) : RowSource.concatenated(shards, data.seqLen());
  }

  @Override public void close() {
    tokenizer.close();
    train.close();
    validation.close();
  }
}
