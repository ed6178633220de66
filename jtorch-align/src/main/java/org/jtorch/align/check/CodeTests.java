package org.jtorch.align.check;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Reward;
import org.jtorch.io.Utf8;

/// 1 for an answer whose program passes the tests that are its prompt's solution, else 0; NaN where there are no tests.
///
/// **This runs what a model wrote.** It happens in a process of its own, in an empty folder, without this process's environment, with
/// limits on time, memory and the size of files, and with all processes that it started ended behind it (see [CodeProcess]). That
/// guards against accidents, not against malice: the program may read what this user may read, and use the network. Where that matters, give
/// a command that shuts it in, such as `[docker, run, ...]` or `[bwrap, ...]`.
///
/// @param language the program is what stands in the answer's last block between three backticks, or all of it; the tests follow it
/// @param parallel programs that run at the same time
public record CodeTests(Language language, CodeLimits limits, int parallel) implements Reward {
  public CodeTests {
    if (parallel < 1) {
      throw new IllegalArgumentException("`parallel` must be >= 1 but was " + parallel + "; e.g. 2");
    }
    language.require();
    new CodeProcess(language.command(), limits).require();
  }

  @Override public double[] of(List<Answer> answers) {
    try (var pool = Executors.newFixedThreadPool(parallel)) {
      var judged = new ArrayList<Future<Double>>();
      for (var answer : answers) {
        String tests = answer.prompt().solution();
        judged.add(pool.submit((Callable<Double>) () -> tests == null ? Double.NaN : passes(answer.text(), tests) ? 1.0 : 0.0));
      }
      return judged.stream().mapToDouble(CodeTests::get).toArray();
    }
  }

  private static double get(Future<Double> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while programs ran", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
    }
  }

  private boolean passes(String answer, String tests) {
    try {
      Path folder = Files.createTempDirectory("jtorch-code");
      try {
        String proof = UUID.randomUUID().toString();
        String last = language.proof() == null ? "" : language.proof().replace("{proof}", proof) + "\n";
        Files.writeString(folder.resolve(language.file()), Utf8.wellFormed(Language.program(answer) + "\n" + tests + "\n" + last), UTF_8);
        boolean ended = new CodeProcess(language.command(), limits).run(folder, language.file()) == 0;
        return ended && (last.isEmpty() || Files.exists(folder.resolve(proof)));
      } finally {
        CodeProcess.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot run code: " + e.getMessage(), e);
    }
  }
}
