package org.jtorch.parity;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jtorch.family.Families;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// Cases of the kind `causal_lm`: a whole model against stored outputs and gradients, once with each of its configurations.
final class ModelCases {
  private static final String TODAY = "config.json";
  private static final String LEGACY = "config_legacy.json";

  private ModelCases() {}

  static void run(Path folder, Findings findings) {
    var configs = Stream.of(TODAY, LEGACY).map(folder::resolve).filter(Files::exists).toList();
    if (configs.isEmpty()) {
      throw new DataException(folder + ": neither " + TODAY + " nor " + LEGACY + " is there; a model case needs one");
    }
    requireKnown(configs.getFirst());
    for (Path config : configs) {
      boolean legacy = config.endsWith(LEGACY);
      findings.part(legacy ? LEGACY : TODAY, () -> with(folder, config, legacy ? " (legacy config)" : "", findings));
    }
  }

  private static void with(Path folder, Path config, String suffix, Findings findings) {
    try (var io = CaseFolder.open(folder);
         var model = Pretrained.load(Pretrained.configFile(config), folder, Device.CPU, DType.F32)) {
      new ModelOutputs(io, model, suffix, findings).run();
      new ModelGradients(io, model, suffix, findings).run();
      new GreedyRuns(io, model, suffix, findings).run();
    }
  }

  /// Other families are left out, not failed.
  static void requireKnown(Path config) {
    String type = JsonFile.open(config).requiredString("model_type");
    if (!Families.knows(type)) {
      throw new NotSupportedException("models of type \"" + type + "\" are not supported by this version");
    }
  }
}
