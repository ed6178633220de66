package org.jtorch.corpus;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.data.Document;
import org.jtorch.data.DocumentEncoder;
import org.jtorch.data.GrowingShards;
import org.jtorch.data.GrowingShards.Mark;
import org.jtorch.data.TextSource;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// Encodes the sources of a corpus one after another, from where a journal stands, into token files and the held-out text.
final class Encoding implements AutoCloseable {
  /// A document as ids.
  ///
  /// @param heldOut the text itself if it is for validation, else null
  @SuppressWarnings("ArrayRecordComponent") // goes into a file, never compared
  private record Encoded(long[] ids, long bytes, @Nullable String heldOut) {}

  /// A source and where its documents go that are not held out; null if all are for validation.
  private record Job(String name, TextSource source, @Nullable Path target) {}

  private final Path folder;
  private final Tokenizer tokenizer;
  private final DocumentEncoder encoder;
  private final Workplace place;
  private final List<Job> jobs = new ArrayList<>();
  private final GrowingShards validation;
  private final GrowingText validationText;
  private final HeldOut heldOut;
  private Journal journal;
  private long unmarked;

  Encoding(CorpusSpec spec, Path folder, Tokenizer tokenizer, Journal journal, HeldOut heldOut, Workplace place) {
    this.heldOut = heldOut;
    this.folder = folder;
    this.tokenizer = tokenizer;
    this.encoder = DocumentEncoder.of(tokenizer, spec.tokenizer().eos());
    this.place = place;
    this.journal = journal;
    if (spec.validation() != null) {
      jobs.add(new Job("validation", spec.validation(), null));
    }
    spec.parts().forEach(part -> jobs.add(new Job(part.name(), part.source(), PreparedCorpus.train(folder, part.name()))));
    validation = shards(folder.resolve(PreparedCorpus.VALIDATION), journal.validation());
    validationText = GrowingText.goOn(folder.resolve(PreparedCorpus.HELD_OUT_TEXT), journal.validationText());
  }

  private GrowingShards shards(Path target, @Nullable Mark mark) {
    return mark == null ? GrowingShards.begin(target, tokenizer) : GrowingShards.goOn(target, tokenizer, mark);
  }

  DocumentEncoder encoder() {
    return encoder;
  }

  /// @return false if asked to stop before the end
  boolean run() {
    while (journal.job() < jobs.size()) {
      Job job = jobs.get(journal.job());
      if (job.target == null ? !read(job, null) : !encode(job, job.target)) {
        return false;
      }
      journal = journal.next(validation.mark(), validationText.mark());
      journal.write(folder);
    }
    if (validation.documents() == 0) {
      throw new DataException("no document was held out for validation; the texts changed while they were read: begin again");
    }
    validation.finish();
    return true;
  }

  private boolean encode(Job job, Path target) {
    try (var main = shards(target, journal.main())) {
      if (!read(job, main)) {
        return false;
      }
      if (main.documents() == 0) {
        throw new DataException("all documents of " + job.source.describe()
            + " are held out for validation; hold out less, or give more text");
      }
      place.note().accept("%s: %,d documents, %,d tokens, %.2f bytes each".formatted(job.name, main.documents(), main.tokens(),
          (double) main.textBytes() / main.tokens()));
      main.finish();
      return true;
    }
  }

  private boolean read(Job job, @Nullable GrowingShards main) {
    try (var cursor = job.source.open()) {
      cursor.skipTo(journal.read());
      var progress = place.progress("encoding " + job.name, job.source, cursor.bytesRead());
      boolean ended = place.pipeline().run(cursor, texts -> encoded(texts, main == null), done -> {
        done.result().forEach(text -> write(text, main));
        journal = new Journal(journal.key(), heldOut, journal.job(), done.after(), done.bytesRead(), journal.main(),
            journal.validation(), journal.validationText());
        if (unmarked >= place.markBytes()) {
          mark(main);
        }
        progress.at(done.bytesRead());
      }, place.stop());
      if (!ended) {
        mark(main);
      }
      return ended;
    }
  }

  private List<Encoded> encoded(List<Document> texts, boolean allForValidation) {
    return texts.stream().map(document -> {
      String text = document.text();
      boolean held = allForValidation || heldOut.contains(TextHash.of(text));
      return new Encoded(encoder.encode(text), text.getBytes(UTF_8).length, held ? text : null);
    }).toList();
  }

  private void write(Encoded document, @Nullable GrowingShards main) {
    if (document.heldOut != null) {
      validation.add(document.ids, document.bytes);
      validationText.add(document.heldOut);
    } else if (main != null) {
      main.add(document.ids, document.bytes);
    }
    unmarked += document.bytes;
  }

  private void mark(@Nullable GrowingShards main) {
    journal = new Journal(journal.key(), heldOut, journal.job(), journal.read(), journal.bytesRead(),
        main == null ? null : main.mark(), validation.mark(), validationText.mark());
    journal.write(folder);
    unmarked = 0;
  }

  @Override
  public void close() {
    validation.close();
    validationText.close();
  }
}
