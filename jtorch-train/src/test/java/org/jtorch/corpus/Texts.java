package org.jtorch.corpus;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.bpe.BpeTrainer.Options;
import org.jtorch.data.DocumentSplit;
import org.jtorch.data.PlainText;
import org.jtorch.text.PreTokenizer;

/// Invented texts and what became of them, for tests.
final class Texts {
  static final String EOS = "<|endoftext|>";
  private static final String[] WORDS = ("the cat sat on a mat and saw ein Haus über die Straße 猫 坐 在 naïve 🚀 42 1999 (well)"
      + " don't").split(" ");

  private Texts() {}

  /// Different documents of one line each.
  static List<String> documents(int count, long seed) {
    var random = new Random(seed);
    var documents = new ArrayList<String>();
    for (int d = 0; d < count; d++) {
      var text = new StringBuilder("number " + d + " of " + seed);
      for (int w = random.nextInt(80); w >= 0; w--) {
        text.append(' ').append(WORDS[random.nextInt(WORDS.length)]);
      }
      documents.add(text.toString());
    }
    return documents;
  }

  static PlainText lines(Path file, List<String> documents) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, String.join("\n", documents) + "\n");
    return new PlainText(file, DocumentSplit.LINE);
  }

  /// A small tokenizer's folder.
  static Path tokenizer(Path folder) {
    BpeTrainer.train(documents(200, 1), new Options(400, 2, List.of(EOS), PreTokenizer.GPT2)).save(folder);
    return folder;
  }

  static CorpusSpec spec(PlainText source, Path tokenizer) {
    return new CorpusSpec(List.of(Part.only(source)), new TokenizerOrigin.Given(tokenizer, EOS), new HeldOut.Share(0.1, 2_000), null);
  }

  /// Prepares to the end.
  static void prepare(CorpusSpec spec, Path folder) {
    if (!new Preparation(spec, folder).run(_ -> {}, () -> false)) {
      throw new AssertionError("it stopped unasked");
    }
  }

  /// As [#prepare], and opens it.
  @MustBeClosed
  static PreparedCorpus prepared(CorpusSpec spec, Path folder) {
    prepare(spec, folder);
    return PreparedCorpus.open(folder);
  }

  /// The held-out texts, one a document.
  static List<String> validation(PreparedCorpus corpus) {
    var texts = new ArrayList<String>();
    corpus.validation().forEachDocument(ids -> texts.add(corpus.tokenizer().decode(ids, true)));
    return texts;
  }

  static List<String> training(PreparedCorpus corpus) {
    var texts = new ArrayList<String>();
    corpus.sources().forEach(source -> source.tokens().forEachDocument(ids -> texts.add(corpus.tokenizer().decode(ids, true))));
    return texts;
  }

  /// Checksums of all files of a folder by their names, the lock aside.
  static Map<String, Long> bits(Path folder) throws IOException {
    var bits = new TreeMap<String, Long>();
    try (var files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).filter(f -> !f.endsWith(PreparationLock.NAME)).toList()) {
        var crc = new CRC32C();
        crc.update(Files.readAllBytes(file));
        bits.put(folder.relativize(file).toString(), crc.getValue());
      }
    }
    return bits;
  }

  static long bytes(List<String> texts) {
    return texts.stream().mapToLong(t -> t.getBytes(UTF_8).length).sum();
  }
}
