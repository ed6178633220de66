package org.jtorch.corpus;

import java.nio.file.Path;
import java.util.List;
import org.jtorch.corpus.Preparation.Effort;
import org.jtorch.data.Jsonl;

/// Prepares the JSONL of a folder with the tokenizer beside it, in a process of its own; prints how large the heap may be.
final class PreparationMain {
  private PreparationMain() {}

  static CorpusSpec spec(Path home) {
    return new CorpusSpec(List.of(Part.only(new Jsonl(home.resolve("text.jsonl"), "text"))),
        new TokenizerOrigin.Given(home.resolve("tokenizer"), Texts.EOS), new HeldOut.Share(0.05, 50_000), null);
  }

  public static void main(String... args) {
    Path home = Path.of(args[0]);
    boolean done = new Preparation(spec(home), Path.of(args[1]), new Effort(2, 1 << 16, Long.parseLong(args[2])))
        .run(System.out::println, () -> false);
    System.out.println((done ? "done" : "stopped") + " with a heap of " + Runtime.getRuntime().maxMemory());
  }
}
