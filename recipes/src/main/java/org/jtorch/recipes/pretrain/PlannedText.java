package org.jtorch.recipes.pretrain;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jtorch.corpus.Part;
import org.jtorch.corpus.PreparedCorpus;
import org.jtorch.data.Document;
import org.jtorch.data.SourceFile;
import org.jtorch.data.TextSource;
import org.jtorch.observe.Units;

/// How much text a recipe has: counted where it is prepared, else judged by the sizes of its files, which are not read.
///
/// @param trainTokens NaN if an earlier stage has still to prepare the text
/// @param lines about each source, for people
record PlannedText(double trainTokens, double validationTokens, List<String> lines) {
  /// Of text in a language that the tokenizer was trained on.
  private static final double BYTES_PER_TOKEN = 3.5;
  private static final double COMPRESSION = 3;

  static PlannedText of(Setup setup) {
    var recipe = setup.recipe();
    var tokens = setup.tokens();
    if (tokens != null && !PreparedCorpus.isIn(tokens.folder())) {
      return new PlannedText(Double.NaN, 0, List.of("what an earlier stage will prepare, counted when it has run"));
    }
    if (tokens != null) {
      try (var prepared = PreparedCorpus.open(tokens.folder())) {
        return counted(prepared);
      }
    }
    if (recipe.data().source() instanceof SourceConfig.StandIn(double all, _)) {
      double held = Math.min(recipe.data().heldOut() * all, recipe.data().heldOutBytes() / BYTES_PER_TOKEN);
      return new PlannedText(all - held, held, List.of(String.format(Locale.ROOT, "%s tokens, to be given before it can run", Units.count(all))));
    }
    Path cache = recipe.data().cache();
    if (cache != null && PreparedCorpus.isIn(CorpusFolder.cached(setup, cache))) {
      try (var prepared = PreparedCorpus.open(CorpusFolder.cached(setup, cache))) {
        return counted(prepared);
      }
    }
    return judged(recipe);
  }

  private static PlannedText counted(PreparedCorpus prepared) {
    var lines = new ArrayList<String>();
    double weights = prepared.sources().stream().mapToDouble(PreparedCorpus.Source::weight).sum();
    long tokens = 0;
    for (var source : prepared.sources()) {
      tokens += source.tokens().tokens();
      lines.add(String.format(Locale.ROOT, "%s%s: %,d documents, %,d tokens, prepared", source.name(), share(source.weight(), weights),
          source.tokens().documents(), source.tokens().tokens()));
    }
    return new PlannedText(tokens, prepared.validation().tokens(), lines);
  }

  private static PlannedText judged(PretrainRecipe recipe) {
    var data = recipe.data();
    var parts = SourceConfig.parts(data.source());
    double weights = parts.stream().mapToDouble(Part::weight).sum();
    var lines = new ArrayList<String>();
    double bytes = 0;
    for (Part part : parts) {
      double size = bytes(part.source());
      bytes += size;
      lines.add(String.format(Locale.ROOT, "%s%s: %s, about %s of text", part.name(), share(part.weight(), weights),
          part.source().describe(), Units.bytes((long) size)));
    }
    var own = data.validation();
    double held = own == null ? Math.min(data.heldOutBytes(), data.heldOut() * bytes) : bytes(own.source());
    double train = own == null ? bytes - held : bytes;
    return new PlannedText(Math.max(1, train / BYTES_PER_TOKEN), held / BYTES_PER_TOKEN, lines);
  }

  private static String share(double weight, double weights) {
    return weight == weights ? "" : " " + Units.percent(weight / weights);
  }

  /// Of the texts in the source's files; where a size is not known they are read, one text at a time.
  private static double bytes(TextSource source) {
    var files = source.files();
    if (files.stream().allMatch(file -> file.bytes() > 0)) {
      return files.stream().mapToDouble(PlannedText::bytes).sum();
    }
    double bytes = 0;
    try (var cursor = source.open()) {
      for (Document next; (next = cursor.next()) != null; ) {
        bytes += next.text().length();
      }
    }
    return bytes;
  }

  private static double bytes(SourceFile file) {
    return file.bytes() * (file.name().matches(".*\\.(gz|zst|parquet)") ? COMPRESSION : 1);
  }

  boolean isCounted() {
    return !Double.isNaN(trainTokens);
  }
}
