package org.jtorch.corpus;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.data.Document;
import org.jtorch.io.DataException;

/// What one pass over all texts finds out before any of them is encoded: what is held out, and what a tokenizer learns from.
///
/// @param sample of the texts that are not held out, each source's share of its size by weight; the same whatever the order of
///     the texts
record Survey(HeldOut heldOut, List<String> sample) {
  private record Surveyed(TextHash hash, String text) {}

  /// @return null if asked to stop
  static @Nullable Survey of(CorpusSpec spec, Workplace place) {
    var share = spec.share();
    var held = new LowestHashes(share.bound(), share.bytes(), false);
    var samples = new ArrayList<LowestHashes>();
    double weights = spec.parts().stream().mapToDouble(Part::weight).sum();
    for (Part part : spec.parts()) {
      var learned = spec.tokenizer() instanceof TokenizerOrigin.Learned t ? t : null;
      var sample = new LowestHashes(-1, learned == null ? 0 : (long) (learned.sampleBytes() * part.weight() / weights), true);
      samples.add(sample);
      if (!read(part, learned == null ? 0 : learned.seed(), place, held, sample)) {
        return null;
      }
    }
    if (spec.validation() == null && held.bytes() == 0) {
      throw new DataException("no document was held out for validation: raise `held_out` (" + share.fraction()
          + ") or `held_out_bytes` (" + share.bytes() + "), or give more documents");
    }
    var heldOut = new HeldOut(held.bound());
    return new Survey(heldOut, texts(samples, heldOut));
  }

  private static boolean read(Part part, long seed, Workplace place, LowestHashes held, LowestHashes sample) {
    try (var cursor = part.source().open()) {
      var progress = place.progress("surveying " + part.name(), part.source(), 0);
      return place.pipeline().run(cursor, Survey::hashes, done -> {
        for (var document : done.result()) {
          var hash = document.hash;
          held.add(hash.value(), hash.bytes(), "");
          sample.add(TextHash.shuffled(hash.value(), seed), hash.bytes(), document.text);
        }
        progress.at(done.bytesRead());
      }, place.stop());
    }
  }

  private static List<Surveyed> hashes(List<Document> documents) {
    return documents.stream().map(d -> new Surveyed(TextHash.of(d.text()), d.text())).toList();
  }

  private static List<String> texts(List<LowestHashes> samples, HeldOut heldOut) {
    var texts = new ArrayList<String>();
    samples.forEach(sample -> sample.forEach((_, text) -> {
      if (!heldOut.contains(TextHash.of(text))) {
        texts.add(text);
      }
    }));
    return texts;
  }
}
