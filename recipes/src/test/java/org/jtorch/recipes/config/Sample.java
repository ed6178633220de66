package org.jtorch.recipes.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A recipe for tests with one key of every kind.
@Named("sample")
@Doc("A recipe for tests.")
record Sample(
    @Doc("number of optimizer steps") int steps,
    @Default("0.1") double weightDecay,
    @Default("bf16") Precision precision,
    @Default("adamw") Optim optim,
    @Default("{type: cosine, floor: 0.1}") Schedule schedule,
    @Default("[]") List<Stage> stages,
    @Default("{}") Map<String, Source> sources,
    @Default("9_000_000_000") long tokens,
    @Default("false") boolean compile,
    @Nullable Path out,
    @Nullable Integer limit,
    @Default("[0.9, 0.95]") List<Double> betas,
    @Nullable String note) {
  enum Precision { BF16, FLOAT_32 }

  sealed interface Optim permits AdamW, Sgd, Muon {}

  @Named("adamw")
  record AdamW(@Default("3e-4") double learningRate, @Default("1e-8") double eps) implements Optim {
    AdamW {
      if (learningRate <= 0) throw new IllegalArgumentException("`learning_rate` (" + learningRate + ") must be > 0");
    }
  }

  record Sgd(double learningRate) implements Optim {}

  record Muon(int newtonSteps, @Default("{learning_rate: 1e-3}") AdamW rest) implements Optim {}

  @DefaultType("cosine")
  sealed interface Schedule permits Cosine, WarmUp {}

  record Cosine(@Default("0") double floor, @Default("100") int warmup) implements Schedule {}

  record WarmUp(int steps) implements Schedule {}

  record Stage(String name, int seqLen, @Default("4") int batch, @Nullable Optim optim) {
    Stage {
      if (seqLen % 2 != 0) throw new IllegalArgumentException("seq_len must be even, e.g. " + (seqLen + 1));
      if (batch == 13) throw new IllegalStateException("thirteen");
    }
  }

  record Source(Path path, @Default("1") double weight) {}
}
