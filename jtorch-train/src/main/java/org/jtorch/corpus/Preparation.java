package org.jtorch.corpus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.bpe.BpeTrainer.Options;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// Prepares a corpus in a folder: reads the texts, learns the tokenizer, splits, encodes. Nothing of the texts is held in
/// memory but a few batches and the tokenizer's sample.
///
/// A preparation that was cut off at any moment goes on from its last mark, by calling this again, and ends in the same bits; so
/// it does with any number of threads. One process at a time prepares a folder; the others wait for it.
public final class Preparation {
  /// How the work is cut; the result does not depend on it.
  ///
  /// @param batchChars characters that a thread works on at once
  /// @param markBytes text between two marks
  record Effort(int threads, long batchChars, long markBytes) {
    static Effort whole() {
      return new Effort(Runtime.getRuntime().availableProcessors(), 1 << 18, 16_000_000);
    }
  }

  private final CorpusSpec spec;
  private final Path folder;
  private final Effort effort;

  /// @param folder new, or one in which this corpus is or is being prepared
  public Preparation(CorpusSpec spec, Path folder) {
    this(spec, folder, Effort.whole());
  }

  Preparation(CorpusSpec spec, Path folder, Effort effort) {
    this.spec = spec;
    this.folder = folder;
    this.effort = effort;
  }

  /// Prepares what is not prepared yet.
  ///
  /// @param note takes sentences about what is done, with rate and time left every ten seconds
  /// @param stop asked again and again: true ends the preparation soon, and the next goes on from there
  /// @return false if it was asked to stop before the end
  /// @throws DataException if a text or the disk fails, or the folder holds something else
  public boolean run(Consumer<String> note, BooleanSupplier stop) {
    try (var lock = PreparationLock.take(folder, note, stop)) {
      if (lock == null) {
        return false;
      }
      if (PreparedCorpus.isIn(folder)) {
        return true;
      }
      try (var pipeline = new BatchPipeline(effort.threads, effort.batchChars)) {
        return prepare(new Workplace(pipeline, note, stop, System::nanoTime, effort.markBytes));
      }
    }
  }

  private boolean prepare(Workplace place) {
    String key = spec.key();
    var journal = Journal.read(folder);
    if (journal == null) {
      requireEmpty();
    } else if (!journal.key().equals(key)) {
      place.note().accept("texts, tokenizer or split changed since " + folder + " was begun; beginning again");
      journal = null;
    }
    HeldOut heldOut = journal == null ? null : journal.heldOut();
    if (journal == null || heldOut == null) {
      return begin(key, place);
    }
    place.note().accept("going on with what " + folder + " holds so far");
    return encode(journal, heldOut, place);
  }

  /// From the first document on.
  private boolean begin(String key, Workplace place) {
    clear();
    Journal.begin(key).write(folder);
    var survey = spec.needsSurvey() ? Survey.of(spec, place) : new Survey(HeldOut.NONE, List.of());
    if (survey == null) {
      return false;
    }
    tokenizer(survey.sample(), place.note());
    var journal = Journal.surveyed(key, survey.heldOut());
    journal.write(folder);
    return encode(journal, survey.heldOut(), place);
  }

  private void tokenizer(List<String> sample, Consumer<String> note) {
    Path home = folder.resolve(PreparedCorpus.TOKENIZER);
    switch (spec.tokenizer()) {
      case TokenizerOrigin.Learned t -> {
        note.accept("training a tokenizer of %,d tokens on %,d documents".formatted(t.vocabSize(), sample.size()));
        var specials = new ArrayList<>(List.of(t.eos()));
        specials.addAll(t.specialTokens());
        BpeTrainer.train(sample, new Options(t.vocabSize(), 2, specials, Options.of(t.vocabSize()).split())).save(home);
      }
      case TokenizerOrigin.Given t -> TokenizerFiles.copy(t.path(), home);
    }
  }

  private boolean encode(Journal journal, HeldOut heldOut, Workplace place) {
    try (var tokenizer = Tokenizer.load(folder.resolve(PreparedCorpus.TOKENIZER));
        var encoding = new Encoding(spec, folder, tokenizer, journal, heldOut, place)) {
      if (!encoding.run()) {
        return false;
      }
      PreparedCorpus.describe(spec, folder, encoding.encoder());
      Files.deleteIfExists(Journal.file(folder));
      return true;
    } catch (IOException e) {
      throw new DataException("cannot write to " + folder + ": " + e.getMessage(), e);
    }
  }

  /// What is not ours is left alone.
  private void requireEmpty() {
    for (Path path : entries()) {
      if (!path.equals(folder) && !isLock(path)) {
        throw new DataException(folder + " holds other files (" + folder.relativize(path) + "); choose a new folder for the prepared text");
      }
    }
  }

  /// Removes what an earlier attempt left.
  private void clear() {
    try {
      for (Path path : entries().reversed()) {
        if (!path.equals(folder) && !isLock(path)) {
          Files.delete(path);
        }
      }
    } catch (IOException e) {
      throw new DataException("cannot clear " + folder + ": " + e.getMessage(), e);
    }
  }

  private List<Path> entries() {
    try (var walk = Files.walk(folder)) {
      return walk.sorted().toList();
    } catch (IOException e) {
      throw new DataException("cannot list " + folder + ": " + e.getMessage(), e);
    }
  }

  private boolean isLock(Path path) {
    return path.equals(folder.resolve(PreparationLock.NAME));
  }
}
