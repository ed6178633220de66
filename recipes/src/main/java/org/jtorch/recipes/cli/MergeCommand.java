package org.jtorch.recipes.cli;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.jtorch.adapter.AdapterSum;
import org.jtorch.io.DataException;
import org.jtorch.merge.Dare;
import org.jtorch.merge.FolderMerge;
import org.jtorch.merge.Linear;
import org.jtorch.merge.MergeMethod;
import org.jtorch.merge.Slerp;
import org.jtorch.merge.TaskArithmetic;
import org.jtorch.merge.Ties;
import org.jtorch.tensor.DType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch merge`: one model from several of the same shape, or one adapter from several on the same model. The models are mapped, so they need
/// not fit into memory.
@Command
final class MergeCommand implements Runnable {
  @Spec @Nullable CommandSpec spec;

  @Parameters(index = "0", paramLabel = "OUT", description = "The folder to write; it must not exist.")
  Path out = Path.of("");

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "FOLDER",
      description = "The models, whose configuration, tokenizer and chat template are the first one's; or adapters.")
  List<Path> models = List.of();

  @Option(names = "--method", paramLabel = "NAME",
      description = "linear (the mean), slerp, task-arithmetic, ties or dare. Default: ${DEFAULT-VALUE}.")
  String method = "linear";

  @Option(names = "--base", paramLabel = "FOLDER", description = "The model that they started from; all but linear and slerp need it.")
  @Nullable Path base;

  @Option(names = "--weights", paramLabel = "X", split = ",",
      description = "What each model counts with, 0.7,0.3 for example; for linear, task-arithmetic and dare. Default: all alike.")
  List<Double> weights = List.of();

  @Option(names = "--lambda", paramLabel = "X",
      description = "For slerp where between two models (default: 0.5), for ties what the merged difference is multiplied by (default: 1).")
  @Nullable Double lambda;

  @Option(names = "--angle", paramLabel = "NAME",
      description = "For slerp what the angle is measured on: tensor, layer (as WARP does) or all. Default: ${DEFAULT-VALUE}.")
  String angle = "tensor";

  @Option(names = "--density", paramLabel = "X",
      description = "For ties and dare the share of each model's differences that stays. Default: ${DEFAULT-VALUE}.")
  double density = 0.2;

  @Option(names = "--seed", paramLabel = "N", description = "For dare: which differences stay. Default: ${DEFAULT-VALUE}.")
  long seed = 1;

  @Option(names = "--type", paramLabel = "TYPE", description = "f32, f16 or bf16. Default: the first model's.")
  @Nullable String type;

  @Option(names = "--any-tokenizer", description = "Merge even if the tokenizers differ: their ids must mean the same.")
  boolean anyTokenizer;

  @Override public void run() {
    if (Files.exists(out, LinkOption.NOFOLLOW_LINKS)) {
      throw new IllegalArgumentException(out + " exists already and is not overwritten; delete it or choose another name");
    }
    for (Path folder : models) {
      requireFolder(folder);
    }
    if (AdapterSum.isAdapter(models.getFirst())) {
      sumAdapters();
      return;
    }
    if (base != null) {
      requireFolder(base);
    }
    new FolderMerge(method(), models, base, anyTokenizer).write(out, type == null ? null : floating(type));
    Output.of(spec).println("wrote " + out + " (" + method + " of " + models.size() + (models.size() == 1 ? " model)" : " models)"));
    Output.of(spec).flush();
  }

  private void sumAdapters() {
    if (base != null || type != null) {
      throw new IllegalArgumentException((base != null ? "--base" : "--type") + " means nothing for adapters, which are summed in float32 over the model"
          + " that all are on; leave it out");
    }
    List<Double> counted = switch (name(method)) {
      case "linear" -> new Linear(counts()).shares();
      case "task-arithmetic" -> counts();
      default -> throw new IllegalArgumentException("adapters are summed, with --method linear (the mean of the models that they make) or task-arithmetic,"
          + " but it was \"" + method + "\"; for others merge each into its model first");
    };
    new AdapterSum(models, counted).write(out);
    Output.of(spec).println("wrote " + out + " (" + method + " of " + models.size() + (models.size() == 1 ? " adapter)" : " adapters)"));
    Output.of(spec).flush();
  }

  private static String name(String option) {
    return option.toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static void requireFolder(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new DataException("model folder not found: " + folder + "; give a folder with config.json and model.safetensors");
    }
  }

  private MergeMethod method() {
    return switch (name(method)) {
      case "linear" -> new Linear(counts());
      case "slerp" -> new Slerp(lambda == null ? 0.5 : lambda, angle());
      case "task-arithmetic" -> new TaskArithmetic(counts());
      case "ties" -> new Ties(density, lambda == null ? 1 : lambda);
      case "dare" -> new Dare(counts(), density, seed);
      default -> throw new IllegalArgumentException("--method must be linear, slerp, task-arithmetic, ties or dare but was \"" + method + "\"");
    };
  }

  private Slerp.Angle angle() {
    return switch (name(angle)) {
      case "tensor" -> Slerp.Angle.PER_TENSOR;
      case "layer" -> Slerp.Angle.PER_LAYER;
      case "all" -> Slerp.Angle.ALL_TENSORS;
      default -> throw new IllegalArgumentException("--angle must be tensor, layer or all but was \"" + angle + "\"");
    };
  }

  private List<Double> counts() {
    return weights.isEmpty() ? Collections.nCopies(models.size(), 1.0) : weights;
  }

  private static DType floating(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "f32" -> DType.F32;
      case "f16" -> DType.F16;
      case "bf16" -> DType.BF16;
      default -> throw new IllegalArgumentException("--type must be f32, f16 or bf16 but was \"" + name + "\"");
    };
  }
}
