package org.jtorch.recipes.cli;

import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.bench.Benchmarks;
import org.jtorch.recipes.bench.DistillBenchmark;
import org.jtorch.recipes.bench.RlooBenchmark;
import org.jtorch.recipes.bench.TuningBenchmarks;
import org.jtorch.recipes.pretrain.MachineSpeed;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch bench pretrain|distill|dpo|rloo|lora|generate`: one JSON line with the fields of the Python peers.
@Command
final class BenchCommand implements Runnable {
  @Spec @Nullable CommandSpec spec;

  @Parameters(paramLabel = "WHAT", description = "pretrain, distill, dpo, rloo, lora or generate")
  String what = "";

  @Option(names = "--size", paramLabel = "NAME", defaultValue = "small", description = "tiny, small, small-moe, medium, bigvocab, qwen2-0.5b or 1b")
  String size = "small";

  @Option(names = "--batch", paramLabel = "N", description = "Rows, pairs or prompts; 8 for generate, else 4.")
  @Nullable Integer batch;

  @Option(names = "--seq", paramLabel = "N", defaultValue = "512", description = "Tokens per row.")
  int seq;

  @Option(names = "--teacher", paramLabel = "NAME", defaultValue = "medium",
      description = "For distill: a size as for --size, or captured for 64 known tokens of each position.")
  String teacher = "medium";

  @Option(names = "--rank", paramLabel = "N", defaultValue = "16", description = "For lora: the rank of the adapter.")
  int rank;

  @Option(names = "--k", paramLabel = "N", defaultValue = "1", description = "For generate and rloo: answers to each prompt.")
  int answers;

  @Option(names = "--prompt", paramLabel = "N", defaultValue = "64", description = "Tokens per prompt.")
  int prompt;

  @Option(names = "--new", paramLabel = "N", defaultValue = "128", description = "New tokens per row.")
  int fresh;

  @Option(names = "--warmup", paramLabel = "N", defaultValue = "2", description = "Steps before timing.")
  int warmup;

  @Option(names = "--steps", paramLabel = "N", defaultValue = "7", description = "Timed steps; the median counts.")
  int steps;

  @Option(names = "--dtype", paramLabel = "NAME", defaultValue = "auto", description = "auto, bf16 or f32")
  String dtype = "auto";

  @Option(names = "--device", paramLabel = "NAME", defaultValue = "best", description = "best, cpu or cuda")
  String device = "best";

  @Override public void run() {
    Device on = Device.parse(device);
    DType type = MachineSpeed.dtype(dtype, on);
    int rows = batch != null ? batch : what.equals("generate") ? 8 : 4;
    var settings = new Benchmarks.Settings(size, rows, seq, warmup, steps, prompt, fresh, on, type);
    Output.of(spec).println(switch (what) {
      case "pretrain" -> Benchmarks.pretrain(settings);
      case "distill" -> DistillBenchmark.run(settings, teacher);
      case "dpo" -> TuningBenchmarks.dpo(settings);
      case "rloo" -> RlooBenchmark.run(settings, Math.max(2, answers));
      case "lora" -> TuningBenchmarks.lora(settings, rank);
      case "generate" -> Benchmarks.generate(settings, answers);
      default -> throw new IllegalArgumentException("bench \"" + what + "\" is not known; use pretrain, distill, dpo, rloo, lora or generate");
    });
  }
}
