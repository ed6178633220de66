package org.jtorch.recipes.cli;

import org.jspecify.annotations.Nullable;
import org.jtorch.generate.Sampling;
import org.jtorch.recipes.generate.LocalModel;
import picocli.CommandLine.Option;

/// What `generate` and `chat` let one choose about a model's text.
final class SamplingArgs {
  private static final int NEW_TOKENS = 128;
  private static final double TEMPERATURE = 0.8;

  @Option(names = "--max-new-tokens", paramLabel = "N",
      description = "Length of an answer in tokens; 128, or less in a short context.")
  @Nullable Integer maxNewTokens;

  @Option(names = "--temperature", paramLabel = "X", description = "Divides the scores; 0.8. 0 takes the best token.")
  @Nullable Double temperature;

  @Option(names = "--greedy", description = "Take the best token always; the same as --temperature 0.")
  boolean greedy;

  @Option(names = "--top-k", paramLabel = "N", defaultValue = "50", description = "Only the N best tokens; 0 keeps all.")
  int topK;

  @Option(names = "--top-p", paramLabel = "X", defaultValue = "1",
      description = "Only the best tokens that hold this probability.")
  double topP;

  @Option(names = "--min-p", paramLabel = "X", defaultValue = "0",
      description = "Only tokens this probable, relative to the best.")
  double minP;

  @Option(names = "--repetition-penalty", paramLabel = "X", defaultValue = "1",
      description = "Above 1 avoids tokens seen before.")
  double repetitionPenalty;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "The same seed gives the same text.")
  long seed;

  @Option(names = "--device", paramLabel = "NAME", defaultValue = "best", description = "best, cpu or cuda")
  String device = "best";

  @Option(names = "--dtype", paramLabel = "NAME", defaultValue = "auto", description = "auto, bf16 or f32")
  String dtype = "auto";

  /// Checks everything that needs no model.
  Sampling sampling() {
    if (maxNewTokens != null && maxNewTokens < 1) {
      throw new IllegalArgumentException("--max-new-tokens must be >= 1 but was " + maxNewTokens + "; 128 is usual");
    }
    if (greedy && temperature != null && temperature != 0) {
      throw new IllegalArgumentException("--greedy and --temperature " + temperature + " contradict each other;"
          + " give one of them");
    }
    LocalModel.checkDtype(dtype);
    double t = greedy ? 0 : temperature != null ? temperature : TEMPERATURE;
    return new Sampling(t, topK, topP, minP, repetitionPenalty);
  }

  /// The length asked for, or else the usual one as far as there is room.
  int newTokens(int room) {
    return maxNewTokens != null ? maxNewTokens : Math.max(1, Math.min(NEW_TOKENS, room));
  }
}
